package otlp_test

import (
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"ml-workspace/tools/go/insights/otlp"
	"ml-workspace/tools/go/insights/schema"
)

// message writes fields: text, messages and bytes, numbers as varint, floats and times as fixed64.
func message(fields ...any) (out []byte) {
	for position := 0; position < len(fields); position += 2 {
		number := protowire.Number(fields[position].(int))
		switch value := fields[position+1].(type) {
		case string:
			out = protowire.AppendString(protowire.AppendTag(out, number, protowire.BytesType), value)
		case []byte:
			out = protowire.AppendBytes(protowire.AppendTag(out, number, protowire.BytesType), value)
		case int:
			out = protowire.AppendVarint(protowire.AppendTag(out, number, protowire.VarintType), uint64(value))
		case float64:
			out = protowire.AppendFixed64(protowire.AppendTag(out, number, protowire.Fixed64Type), math.Float64bits(value))
		case time.Time:
			out = protowire.AppendFixed64(protowire.AppendTag(out, number, protowire.Fixed64Type), uint64(value.UnixNano()))
		case uint64:
			out = protowire.AppendFixed64(protowire.AppendTag(out, number, protowire.Fixed64Type), value)
		}
	}
	return out
}

func pair(key string, value any) []byte {
	switch typed := value.(type) {
	case int:
		return message(1, key, 2, message(3, typed))
	case float64:
		return message(1, key, 2, message(4, typed))
	case []byte:
		return message(1, key, 2, typed)
	}
	return message(1, key, 2, message(1, value))
}

// request wraps records with a resource and a scope.
func request(records ...[]byte) []byte {
	scope := message(1, message(1, "scope", 2, "1.0"))
	for _, record := range records {
		scope = append(scope, message(2, record)...)
	}
	// The resource last: the order of fields means nothing.
	return message(1, message(2, scope, 1, message(1, pair("service.name", "scoring"), 1, pair("host", "a"))))
}

var (
	start = time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC)
	trace = []byte{0xAB, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
	id    = []byte{0xCD, 1, 2, 3, 4, 5, 6, 7}
)

func span(more ...any) []byte {
	return message(append([]any{1, trace, 2, id, 5, "GET /", 6, 2, 7, start, 8, start.Add(time.Second)}, more...)...)
}

func decode(t *testing.T, decode otlp.Decode, request []byte) (rows []otlp.Row, result otlp.Result) {
	t.Helper()
	result, err := decode(request, func(row otlp.Row) error {
		rows = append(rows, row)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows, result
}

// columns are the names of a table's columns, in order.
func columns(table schema.Table) (names []string) {
	_, definition, _ := strings.Cut(schema.SQL, "CREATE TABLE "+string(table)+" (")
	definition, _, _ = strings.Cut(definition, "\n);")
	for _, found := range regexp.MustCompile(`(?m)^    ([a-z_]+) [A-Z]+`).FindAllStringSubmatch(definition, -1) {
		names = append(names, found[1])
	}
	return names
}

// check compares columns of a row.
func check(t *testing.T, row otlp.Row, expected map[string]driver.Value) {
	t.Helper()
	names := columns(row.Table)
	if len(names) != len(row.Values) {
		t.Fatalf("%d values for %d columns of %s", len(row.Values), len(names), row.Table)
	}
	for name, value := range expected {
		position := slices.Index(names, name)
		if position < 0 || fmt.Sprint(row.Values[position]) != fmt.Sprint(value) {
			t.Errorf("%s.%s is %v, expected %v", row.Table, name, row.Values[position], value)
		}
	}
}

func TestSpanBecomesOneRow(t *testing.T) {
	rows, _ := decode(t, otlp.Traces, request(span(
		4, id, 3, "a=b", 9, pair("http.request.method", "GET"), 9, pair("http.response.status_code", 404), 9, pair("url.path", "/a"),
		9, pair("url.query", "b=1"), 9, pair("server.port", "8080"), 9, pair("ratio", 0.5), 10, 3, 12, 1, 14, 2,
		13, message(1, trace, 2, id, 4, pair("why", "retry")), 15, message(2, "no such page", 3, 2),
	)))
	check(t, rows[0], map[string]driver.Value{
		"start_time": start.Truncate(time.Microsecond), "duration_nanos": 1000000000, "trace_id": "ab0102030405060708090a0b0c0d0e0f",
		"span_id": "cd01020304050607", "parent_span_id": "cd01020304050607", "trace_state": "a=b", "name": "GET /", "kind": "SERVER",
		"status_code": "ERROR", "status_message": "no such page", "service_name": "scoring", "scope_name": "scope", "scope_version": "1.0",
		"http_method": "GET", "http_status_code": 404, "url_path": "/a?b=1", "server_port": 8080, "db_system": "",
		"attributes": `{"http.request.method":"GET","http.response.status_code":404,"url.path":"/a","url.query":"b=1",` +
			`"server.port":"8080","ratio":0.5}`,
		"resource_attributes": `{"service.name":"scoring","host":"a"}`, "events": "",
		"links": `[{"traceId":"ab0102030405060708090a0b0c0d0e0f","spanId":"cd01020304050607","traceState":"",` +
			`"attributes":{"why":"retry"},"dropped":0}]`,
		"dropped_attributes": 3, "dropped_events": 1, "dropped_links": 2,
	})
}

func TestExceptionsHaveRowsOfTheirOwn(t *testing.T) {
	rows, _ := decode(t, otlp.Traces, request(span(
		11, message(1, start, 2, "retry"),
		11, message(1, start, 2, "exception", 3, pair("exception.type", "ValueError"), 3, pair("exception.message", "bad"), 3, pair("row", 7)),
	)))
	check(t, rows[0], map[string]driver.Value{
		"type": "ValueError", "message": "bad", "stacktrace": "", "escaped": false, "event_index": 1, "span_name": "GET /",
		"span_kind": "SERVER", "attributes": `{"row":7}`, "span_id": "cd01020304050607", "service_name": "scoring",
	})
	check(t, rows[1], map[string]driver.Value{
		"events": `[{"time":"2026-03-01T12:00:00.123456789Z","name":"retry","attributes":{},"dropped":0},` +
			`{"time":"2026-03-01T12:00:00.123456789Z","name":"exception","attributes":{"exception.type":"ValueError",` +
			`"exception.message":"bad","row":7},"dropped":0}]`,
	})
}

func TestSpansWithoutIdAreRejectedAndCounted(t *testing.T) {
	rows, result := decode(t, otlp.Traces, request(span(), message(5, "no id"), message(1, make([]byte, 16), 2, id)))
	if len(rows) != 1 || result.Rejected != 2 || result.Reason == "" {
		t.Fatal(len(rows), result)
	}
}

func TestLogRecordBecomesOneRow(t *testing.T) {
	record := message(11, start, 2, 17, 3, "ERROR", 5, message(1, "epoch \"1\""), 6, pair("event.name", "epoch"), 9, trace, 10, id)
	rows, _ := decode(t, otlp.Logs, request(record, message(1, start, 5, message(3, 5)), record))
	check(t, rows[0], map[string]driver.Value{
		"time": start.Truncate(time.Microsecond), "severity_number": 17, "severity_text": "ERROR", "event_name": "epoch",
		"body": `epoch "1"`, "trace_id": "ab0102030405060708090a0b0c0d0e0f", "record_id": rows[0].Key,
	})
	check(t, rows[1], map[string]driver.Value{"observed_time": nil, "body": "5"})
	if rows[0].Key != rows[2].Key || rows[0].Key == rows[1].Key {
		t.Error("a key is not that of the content")
	}
	other := append(message(11, start.Add(1)), record[9:]...)
	if changed, _ := decode(t, otlp.Logs, request(other)); changed[0].Key == rows[0].Key {
		t.Error("a nanosecond later is another record")
	}
}

func TestLogRecordWithAnExceptionIsAlsoAnException(t *testing.T) {
	record := message(1, start, 5, message(1, "scoring failed"), 9, trace, 10, id, 6, pair("exception.type", "ValueError"),
		6, pair("exception.message", "no such model"), 6, pair("exception.stacktrace", "Traceback"), 6, pair("row", 7))
	rows, _ := decode(t, otlp.Logs, request(record, message(1, start, 5, message(1, "no exception")),
		message(1, start, 5, message(1, "only a type"), 6, pair("exception.type", "E"))))
	check(t, rows[0], map[string]driver.Value{
		"time": start.Truncate(time.Microsecond), "trace_id": "ab0102030405060708090a0b0c0d0e0f", "span_id": "cd01020304050607",
		"type": "ValueError", "message": "no such model", "stacktrace": "Traceback", "attributes": `{"row":7}`, "span_name": "",
		"service_name": "scoring",
	})
	check(t, rows[1], map[string]driver.Value{"body": "scoring failed"})
	check(t, rows[2], map[string]driver.Value{"body": "no exception"})
	check(t, rows[3], map[string]driver.Value{"type": "E", "message": "only a type"})
	if len(rows) != 5 || rows[0].Table != schema.Exceptions || rows[3].Table != schema.Exceptions {
		t.Error(rows)
	}
}

func TestEveryKindOfMetricBecomesRows(t *testing.T) {
	number := message(2, start, 3, start, 4, 0.5, 7, pair("a", "b"))
	whole := message(3, start, 6, uint64(7))
	packed := message(6, append(binary(3), binary(4)...), 7, binary(math.Float64bits(0.25)))
	buckets := message(1, 3, 2, []byte{1, 2})
	rows, _ := decode(t, otlp.Metrics, request(
		message(1, "g", 2, "what it is", 3, "ms", 5, message(1, number)),
		message(1, "s", 7, message(1, whole, 2, 2, 3, 1)),
		message(1, "h", 9, message(1, append(message(3, start, 4, uint64(7), 5, 1.5, 11, 0.1, 12, 0.9), packed...), 2, 1)),
		message(1, "e", 10, message(1, message(3, start, 4, uint64(3), 6, 4, 7, uint64(2), 8, buckets))),
		message(1, "q", 11, message(1, message(3, start, 4, uint64(9), 5, 2.5, 6, message(1, 0.5, 2, 1.5)))),
	))
	check(t, rows[0], map[string]driver.Value{
		"name": "g", "kind": "gauge", "value": 0.5, "unit": "ms", "description": "what it is", "attributes": `{"a":"b"}`,
		"count": nil, "distribution": "", "temporality": "",
	})
	check(t, rows[1], map[string]driver.Value{"kind": "sum", "value": 7, "temporality": "cumulative", "is_monotonic": true, "start_time": nil})
	check(t, rows[2], map[string]driver.Value{
		"kind": "histogram", "count": 7, "sum": 1.5, "min": 0.1, "max": 0.9, "distribution": `{"bounds":[0.25],"counts":[3,4]}`,
		"temporality": "delta", "value": nil,
	})
	check(t, rows[3], map[string]driver.Value{
		"kind": "exponential_histogram", "count": 3,
		"distribution": `{"scale":2,"zeroCount":2,"positive":{"offset":-2,"counts":[1,2]},"negative":{"offset":0,"counts":[]}}`,
	})
	check(t, rows[4], map[string]driver.Value{"kind": "summary", "count": 9, "sum": 2.5, "distribution": `{"quantiles":[[0.5,1.5]]}`})
}

func binary(value uint64) []byte { return protowire.AppendFixed64(nil, value) }

func TestValuesOfEveryTypeAreJSON(t *testing.T) {
	list := message(5, message(1, message(1, "x"), 1, message(2, 1), 1, nil))
	inner := message(6, message(1, pair("k", 1), 1, pair("l", list)))
	rows, _ := decode(t, otlp.Traces, request(span(
		9, pair("text", "a\"\\\n\x01é"), 9, pair("not a number", math.NaN()), 9, pair("raw", message(7, "\x00\x01")), 9, pair("inner", inner),
		9, pair("broken", "a\xffb"), 9, message(1, "nothing"),
	)))
	found := rows[0].Values[slices.Index(columns(schema.Spans), "attributes")].(string)
	expected := `{"text":"a\"\\\n\u0001é","not a number":"NaN","raw":"AAE=","inner":{"k":1,"l":["x",true]},"broken":"a` + "\uFFFD" +
		`b","nothing":null}`
	if found != expected || !json.Valid([]byte(found)) {
		t.Errorf("%s, expected %s", found, expected)
	}
}

func TestWhatIsTooLargeIsCutAndCounted(t *testing.T) {
	more := []any{9, pair("long", strings.Repeat("é", 1<<20)), 5, strings.Repeat("n", 1<<20)}
	for number := range 10_000 {
		more = append(more, 9, pair(fmt.Sprint("key", number), number))
	}
	deep := message(1, "end")
	for range 100 {
		deep = message(5, message(1, deep))
	}
	rows, _ := decode(t, otlp.Traces, request(span(more...), span(9, pair("deep", deep))))
	check(t, rows[0], map[string]driver.Value{"dropped_attributes": 10_001 - otlp.MaximumAttributes, "name": strings.Repeat("n", otlp.MaximumName)})
	found := rows[0].Values[slices.Index(columns(schema.Spans), "attributes")].(string)
	if !json.Valid([]byte(found)) || len(found) > otlp.MaximumJSON || !strings.Contains(found, strings.Repeat("é", otlp.MaximumText/2)+`"`) {
		t.Error(len(found))
	}
}

func TestMalformedRequestsAreRecognised(t *testing.T) {
	whole := request(span(9, pair("a", "b"), 11, message(1, start, 2, "exception", 3, pair("exception.type", "E"))))
	for length := range len(whole) {
		_, err := otlp.Traces(whole[:length], func(otlp.Row) error { return nil })
		if length > 0 && !errors.Is(err, otlp.ErrMalformed) {
			t.Fatalf("the first %d bytes of a request: %v", length, err)
		}
	}
	for name, broken := range map[string][]byte{
		"text": []byte("not protobuf"), "short id": request(message(1, "short", 2, id)), "wrong type": message(1, 5),
	} {
		if _, err := otlp.Traces(broken, func(otlp.Row) error { return nil }); !errors.Is(err, otlp.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(request(span(9, pair("a", "b"))))
	f.Fuzz(func(_ *testing.T, raw []byte) {
		for _, decode := range []otlp.Decode{otlp.Traces, otlp.Logs, otlp.Metrics} {
			_, _ = decode(raw, func(otlp.Row) error { return nil })
		}
	})
}
