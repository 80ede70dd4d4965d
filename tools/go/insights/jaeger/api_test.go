package jaeger_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"ml-workspace/tools/go/insights/engine"
	"ml-workspace/tools/go/insights/fixtures"
	"ml-workspace/tools/go/insights/jaeger"
	"ml-workspace/tools/go/insights/schema"
)

func TestMain(main *testing.M) { fixtures.Main(main) }

// source runs queries over one file.
type source struct {
	pool *engine.Pool
	path string
}

func (source source) Run(ctx context.Context, request engine.Request) (*engine.Reply, error) {
	request.Files = map[string][]string{"spans": {source.path}}
	return source.pool.Run(ctx, request)
}

var noon = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

const (
	first  = "0000000000000000000000000000000a"
	second = "0000000000000000000000000000000b"
)

// serve has two traces: a request to 'web' that calls 'scorer', which fails, and one to 'web' alone a minute later.
func serve(t *testing.T) http.Handler {
	t.Helper()
	database := fixtures.Database(t, "TABLE ")
	for _, row := range []fixtures.Row{
		{"trace_id": first, "span_id": "01", "name": "GET /", "kind": "SERVER", "service_name": "web", "status_code": "UNSET",
			"duration_nanos": 20_000_000, "resource_attributes": `{"service.name":"web","host.name":"h"}`},
		{"trace_id": first, "span_id": "02", "parent_span_id": "01", "name": "POST", "kind": "CLIENT", "service_name": "web",
			"status_code": "UNSET", "start_time": "2026-11-29 12:00:00.001", "resource_attributes": `{"service.name":"web","host.name":"h"}`},
		{"trace_id": first, "span_id": "03", "parent_span_id": "02", "name": "POST /score", "kind": "SERVER", "service_name": "scorer",
			"start_time": "2026-11-29 12:00:00.002", "duration_nanos": 7_000, "status_code": "ERROR", "status_message": "no model",
			"attributes":          `{"http.response.status_code":500,"model":"churn","load":0.5,"cached":true,"ids":[1,2]}`,
			"resource_attributes": `{"service.name":"scorer"}`, "scope_name": "scoring",
			"events": `[{"time":"2026-11-29T12:00:00.0025Z","name":"exception","attributes":{"exception.type":"KeyError"},"dropped":0}]`,
			"links":  `[{"traceId":"` + second + `","spanId":"04","traceState":"","attributes":{}}]`},
		{"trace_id": second, "span_id": "04", "name": "GET /", "kind": "SERVER", "service_name": "web", "status_code": "OK",
			"start_time": "2026-11-29 12:01:00", "duration_nanos": 1_000_000},
	} {
		fixtures.Insert(t, database, "", schema.Spans, row)
	}
	folder := fixtures.Folder(t)
	return jaeger.Handler(source{fixtures.Pool(t, folder), fixtures.Write(t, database, folder, schema.Spans)})
}

func get(t *testing.T, handler http.Handler, path string) (int, string) {
	t.Helper()
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, path, nil))
	return recorder.Code, recorder.Body.String()
}

// traces returns "ID:SPAN,SPAN" of each trace of a response.
func traces(t *testing.T, content string) string {
	t.Helper()
	var found struct {
		Data []struct {
			TraceID string
			Spans   []struct{ SpanID string }
		}
	}
	if err := json.Unmarshal([]byte(content), &found); err != nil {
		t.Fatalf("%v: %s", err, content)
	}
	var all []string
	for _, trace := range found.Data {
		var spans []string
		for _, span := range trace.Spans {
			spans = append(spans, span.SpanID)
		}
		all = append(all, trace.TraceID[31:]+":"+strings.Join(spans, ","))
	}
	return strings.Join(all, " ")
}

func TestListsOfNames(t *testing.T) {
	handler := serve(t)
	for path, expected := range map[string]string{
		"/api/services":                  `{"data":["scorer","web"],"total":2,"limit":0,"offset":0,"errors":null}`,
		"/api/services/web/operations":   `{"data":["GET /","POST"],"total":2,"limit":0,"offset":0,"errors":null}`,
		"/api/services/a%2Fb/operations": `{"data":[],"total":0,"limit":0,"offset":0,"errors":null}`,
		"/api/operations?service=web": `{"data":[{"name":"GET /","spanKind":"server"},{"name":"POST","spanKind":"client"}],` +
			`"total":2,"limit":0,"offset":0,"errors":null}`,
		"/api/operations?service=web&spanKind=client": `{"data":[{"name":"POST","spanKind":"client"}],"total":1,"limit":0,"offset":0,"errors":null}`,
		fmt.Sprintf("/api/dependencies?endTs=%d&lookback=3600000", noon.Add(time.Minute).UnixMilli()): `{"data":[{"parent":"web",` +
			`"child":"scorer","callCount":1}],"total":0,"limit":0,"offset":0,"errors":null}`,
	} {
		if status, found := get(t, handler, path); status != http.StatusOK || found != expected {
			t.Errorf("%s\nfound    %d %s\nexpected     %s", path, status, found, expected)
		}
	}
}

// The requests are those that Grafana's data source sends for the fields of its search form.
func TestSearchAsGrafanaAsks(t *testing.T) {
	handler := serve(t)
	window := fmt.Sprintf("&start=%d&end=%d&lookback=custom", noon.Add(-time.Minute).UnixMicro(), noon.Add(5*time.Minute).UnixMicro())
	tag := func(text string) string { return "&tags=" + url.QueryEscape(text) }
	for query, expected := range map[string]string{
		"service=web&limit=20":                                        "b:04 a:01,02,03",
		"service=web&limit=1":                                         "b:04",
		"service=scorer&limit=20":                                     "a:01,02,03",
		"service=web&operation=POST&limit=20":                         "a:01,02,03",
		"service=web&operation=GET+%2F&minDuration=1.5ms&limit=20":    "a:01,02,03",
		"service=web&operation=GET+%2F&maxDuration=1500us&limit=20":   "b:04",
		"service=other":                                               "",
		"service=scorer" + tag(`{"error":"true"}`):                    "a:01,02,03",
		"service=scorer" + tag(`{"error":"false"}`):                   "",
		"service=scorer" + tag(`{"http.response.status_code":"500"}`): "a:01,02,03",
		"service=scorer" + tag(`{"model":"churn","cached":"true"}`):   "a:01,02,03",
		"service=scorer" + tag(`{"model":"churn","load":"0.6"}`):      "",
		"service=web" + tag(`{"host.name":"h"}`):                      "a:01,02,03",
		"service=web" + tag(`{"span.kind":"client"}`):                 "a:01,02,03",
		"service=web" + tag(`{"a\"b' OR 1=1 --":"x"}`):                "",
		"service=scorer&tag=model:churn":                              "a:01,02,03",
		"service=" + url.QueryEscape("' OR 1=1 --"):                   "",
	} {
		status, content := get(t, handler, "/api/traces?"+query+window)
		if found := traces(t, content); status != http.StatusOK || found != expected {
			t.Errorf("%s: %d %q, expected %q", query, status, found, expected)
		}
	}
	later := fmt.Sprintf("/api/traces?service=web&start=%d&end=%d", noon.Add(time.Second).UnixMicro(), noon.Add(time.Hour).UnixMicro())
	if _, content := get(t, handler, later); traces(t, content) != "b:04" {
		t.Error("a trace outside the range: " + content)
	}
}

func TestTraceHasTheFormOfJaeger(t *testing.T) {
	status, content := get(t, serve(t), "/api/traces/A")
	var found struct {
		Data []struct {
			Spans     []json.RawMessage
			Processes json.RawMessage
		}
	}
	if err := json.Unmarshal([]byte(content), &found); err != nil || status != http.StatusOK || len(found.Data) != 1 {
		t.Fatalf("%d %v: %s", status, err, content)
	}
	last := `{"traceID":"` + first + `","spanID":"03","flags":0,"operationName":"POST /score","references":[` +
		`{"refType":"CHILD_OF","traceID":"` + first + `","spanID":"02"},{"refType":"FOLLOWS_FROM","traceID":"` + second + `","spanID":"04"}],` +
		fmt.Sprintf(`"startTime":%d,"duration":7,"tags":[`, noon.Add(2*time.Millisecond).UnixMicro()) +
		`{"key":"cached","type":"bool","value":true},{"key":"http.response.status_code","type":"int64","value":500},` +
		`{"key":"ids","type":"string","value":"[1,2]"},{"key":"load","type":"float64","value":0.5},` +
		`{"key":"model","type":"string","value":"churn"},{"key":"span.kind","type":"string","value":"server"},` +
		`{"key":"otel.status_code","type":"string","value":"ERROR"},{"key":"otel.status_description","type":"string","value":"no model"},` +
		`{"key":"otel.scope.name","type":"string","value":"scoring"},{"key":"error","type":"bool","value":true}],` +
		fmt.Sprintf(`"logs":[{"timestamp":%d,"fields":[`, noon.Add(2500*time.Microsecond).UnixMicro()) +
		`{"key":"event","type":"string","value":"exception"},{"key":"exception.type","type":"string","value":"KeyError"}]}],` +
		`"processID":"p2","warnings":null}`
	if string(found.Data[0].Spans[2]) != last {
		t.Errorf("found    %s\nexpected %s", found.Data[0].Spans[2], last)
	}
	processes := `{"p1":{"serviceName":"web","tags":[{"key":"host.name","type":"string","value":"h"}]},"p2":{"serviceName":"scorer","tags":[]}}`
	if string(found.Data[0].Processes) != processes {
		t.Errorf("found    %s\nexpected %s", found.Data[0].Processes, processes)
	}
}

func TestWrongRequestIsAnErrorOfJaeger(t *testing.T) {
	handler := serve(t)
	for path, expected := range map[string]string{
		"/api/traces":                         `400,"msg":"parameter 'service' is required"`,
		"/api/operations":                     `400,"msg":"parameter 'service' is required"`,
		"/api/traces/xyz":                     `400,"msg":"trace id 'xyz' is not valid; allowed: 1 to 32 hexadecimal digits"`,
		"/api/traces/c":                       `404,"msg":"trace not found"`,
		"/api/traces?service=a&start=x":       `400,"msg":"parameter 'start' is 'x'; allowed: a whole number"`,
		"/api/traces?service=a&minDuration=x": `400,"msg":"parameter 'minDuration' is 'x'; allowed: e.g. 1.2s, 100ms, 500us"`,
		"/api/traces?service=a&tags=x":        `400,"msg":"parameter 'tags' is 'x'; expected a JSON object of strings"`,
		"/api/traces?service=a&tag=x":         `400,"msg":"parameter 'tag' is 'x'; expected KEY:VALUE"`,
		"/api/dependencies?lookback=-1":       `400,"msg":"parameter 'lookback' is '-1'; allowed: a whole number"`,
	} {
		status, found := get(t, handler, path)
		whole := `{"data":null,"total":0,"limit":0,"offset":0,"errors":[{"code":` + expected + `}]}`
		if found != whole || fmt.Sprint(status) != expected[:3] {
			t.Errorf("%s\nfound    %d %s\nexpected     %s", path, status, found, whole)
		}
	}
}
