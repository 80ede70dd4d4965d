package views_test

import (
	"fmt"
	"testing"

	"ml-workspace/tools/go/insights/schema"
)

const pythonStack = `Traceback (most recent call last):
  File "/app/main.py", line 3, in handle
    score(0)
  File "/app/model.py", line 7, in score
    return 1 / x
ZeroDivisionError: division by zero`

const javaStack = "java.lang.IllegalStateException: closed\n\tat org.example.Pool.take(Pool.java:7)\n\tat org.example.Main.main(Main.java:3)"

func TestExceptionsAreGroupedByTypeAndFrame(t *testing.T) {
	database := database(t)
	for number, test := range []row{
		{"type": "ZeroDivisionError", "stacktrace": pythonStack, "span_name": "GET /a"},
		{"type": "java.lang.IllegalStateException", "stacktrace": javaStack},
		{"type": "ValueError", "span_name": "GET /b"},
		{"type": "ValueError"},
		{"message": "only a message", "span_name": "GET /c"},
	} {
		test["span_id"], test["trace_id"] = fmt.Sprint(number), "t"
		insert(t, database, schema.Exceptions, test)
	}

	found := list(t, database, "SELECT operation_ParentId, problemId, operation_Name FROM exceptions")

	compare(t, []string{
		"0 ~ ZeroDivisionError at score ~ GET /a",
		"1 ~ java.lang.IllegalStateException at org.example.Pool.take ~ ",
		"2 ~ ValueError at GET /b ~ GET /b",
		"3 ~ ValueError ~ ",
		"4 ~ GET /c ~ GET /c",
	}, found)
}

func TestDetailsOfExceptionAreJSON(t *testing.T) {
	database := database(t)
	insert(t, database, schema.Exceptions, row{"type": "E", "message": `say "hi"`, "stacktrace": "a\nb"})

	found := list(t, database, `SELECT outerMessage, details->>'$[0].type', details->>'$[0].message', details->>'$[0].rawStack'
		FROM exceptions`)

	compare(t, []string{"say \"hi\" ~ E ~ say \"hi\" ~ a\nb"}, found)
}

func TestSeverityNumbersBecomeLevels(t *testing.T) {
	database := database(t)
	for number := range 25 {
		insert(t, database, schema.Logs, row{"severity_number": number, "body": fmt.Sprint(number)})
	}
	insert(t, database, schema.Logs, row{"severity_number": 17, "severity_text": "Fehler", "body": "named"})

	found := list(t, database, `SELECT severityLevel, severity, string_agg(message, ' ' ORDER BY CAST(message AS INTEGER))
		FROM traces WHERE message <> 'named' GROUP BY ALL`)
	named := list(t, database, "SELECT severityLevel, severity FROM traces WHERE message = 'named'")

	compare(t, []string{
		"0 ~ TRACE ~ 1 2 3 4", "0 ~ DEBUG ~ 5 6 7 8", "1 ~ INFO ~ 0 9 10 11 12", "2 ~ WARN ~ 13 14 15 16",
		"3 ~ ERROR ~ 17 18 19 20", "4 ~ FATAL ~ 21 22 23 24",
	}, found)
	compare(t, []string{"3 ~ Fehler"}, named)
}

func TestRecordsWithAnEventNameAreEventsNotTraces(t *testing.T) {
	database := database(t)
	insert(t, database, schema.Logs, row{"event_name": "model.promoted", "body": "churn", "trace_id": "t"})
	insert(t, database, schema.Logs, row{"body": "started", "scope_name": "app", "span_id": "s"})

	compare(t, []string{"model.promoted ~ churn ~ t"}, list(t, database, "SELECT name, message, operation_Id FROM customEvents"))
	compare(t, []string{"started ~ app ~ s"}, list(t, database, "SELECT message, logger, operation_ParentId FROM traces"))
}

func TestMetricsHaveValuesOrDistributions(t *testing.T) {
	database := database(t)
	insert(t, database, schema.Metrics, row{"name": "queue", "kind": "gauge", "unit": "1", "value": 3.5})
	insert(t, database, schema.Metrics, row{"name": "latency", "kind": "histogram", "unit": "ms", "count": 4, "sum": 10.0, "min": 1.0, "max": 5.0})

	found := list(t, database, "SELECT name, kind, unit, value, valueCount, valueSum, valueMin, valueMax FROM customMetrics")

	compare(t, []string{
		"queue ~ gauge ~ 1 ~ 3.5 ~ <nil> ~ <nil> ~ <nil> ~ <nil>", "latency ~ histogram ~ ms ~ <nil> ~ 4 ~ 10 ~ 1 ~ 5",
	}, found)
}

func TestAvailabilityHasResultsOfTests(t *testing.T) {
	database := database(t)
	insert(t, database, schema.Availability, row{"name": "storage", "success": true, "status_code": 200, "duration_nanos": 1_500_000})
	insert(t, database, schema.Availability, row{"name": "vault", "message": "connection refused"})

	found := list(t, database, "SELECT name, location, success, resultCode, message, duration FROM availabilityResults")

	compare(t, []string{"storage ~ local ~ true ~ 200 ~  ~ 1.5", "vault ~ local ~ false ~  ~ connection refused ~ 0"}, found)
}
