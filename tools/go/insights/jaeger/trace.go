package jaeger

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// trace is a trace in the form of Jaeger.
type trace struct {
	ID        string             `json:"traceID"`
	Spans     []span             `json:"spans"`
	Processes map[string]process `json:"processes"`
	Warnings  []string           `json:"warnings"`
}

type span struct {
	TraceID    string      `json:"traceID"`
	ID         string      `json:"spanID"`
	Flags      int64       `json:"flags"`
	Name       string      `json:"operationName"`
	References []reference `json:"references"`
	Start      int64       `json:"startTime"`
	Duration   int64       `json:"duration"`
	Tags       []tag       `json:"tags"`
	Logs       []event     `json:"logs"`
	Process    string      `json:"processID"`
	Warnings   []string    `json:"warnings"`
}

type reference struct {
	Type    string `json:"refType"`
	TraceID string `json:"traceID"`
	SpanID  string `json:"spanID"`
}

type process struct {
	Service string `json:"serviceName"`
	Tags    []tag  `json:"tags"`
}

type event struct {
	Time   int64 `json:"timestamp"`
	Fields []tag `json:"fields"`
}

type tag struct {
	Key   string `json:"key"`
	Type  string `json:"type"`
	Value any    `json:"value"`
}

// record is a row of spanSQL.
type record struct {
	TraceID, SpanID, ParentID, Name, Kind, Status, StatusMessage string
	Service, Scope, ScopeVersion, State                          string
	Start, Nanoseconds, Flags                                    int64
	Attributes, Resource, Events, Links                          string
}

const spanSQL = `SELECT trace_id, span_id, parent_span_id, name, kind, status_code, status_message, service_name, scope_name,
		scope_version, trace_state, epoch_us(start_time), duration_nanos, flags, attributes, resource_attributes, events, links
	FROM stored_spans WHERE trace_id IN (%s) ORDER BY start_time`

// UnmarshalJSON reads a row.
func (record *record) UnmarshalJSON(content []byte) error {
	return json.Unmarshal(content, &[]any{
		&record.TraceID, &record.SpanID, &record.ParentID, &record.Name, &record.Kind, &record.Status, &record.StatusMessage,
		&record.Service, &record.Scope, &record.ScopeVersion, &record.State, &record.Start, &record.Nanoseconds, &record.Flags,
		&record.Attributes, &record.Resource, &record.Events, &record.Links,
	})
}

// load returns traces in the order of their ids.
func (api *API) load(request *http.Request, ids []string, from, to time.Time) ([]*trace, error) {
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(ids)), ", ")
	records, isCut, err := query[record](api, request, from, to, fmt.Sprintf(spanSQL, marks), ids...)
	if err != nil {
		return nil, err
	}
	found := map[string]*trace{}
	for _, record := range records {
		if found[record.TraceID] == nil {
			found[record.TraceID] = &trace{ID: record.TraceID, Processes: map[string]process{}}
		}
		found[record.TraceID].add(record)
	}
	var traces []*trace
	for _, id := range ids {
		if trace := found[id]; trace != nil {
			if isCut {
				trace.Warnings = []string{fmt.Sprintf("the response has the first %d spans; more are stored", len(records))}
			}
			traces = append(traces, trace)
		}
	}
	if len(traces) == 0 {
		return nil, &failure{http.StatusNotFound, "trace not found"}
	}
	return traces, nil
}

func (trace *trace) add(record record) {
	key := ""
	described := process{record.Service, tags(record.Resource, "service.name")}
	for name, known := range trace.Processes {
		if known.Service == described.Service && slices.Equal(known.Tags, described.Tags) {
			key = name
		}
	}
	if key == "" {
		key = fmt.Sprintf("p%d", len(trace.Processes)+1)
		trace.Processes[key] = described
	}
	trace.Spans = append(trace.Spans, span{
		TraceID: record.TraceID, ID: record.SpanID, Flags: record.Flags, Name: record.Name, References: references(record),
		Start: record.Start, Duration: record.Nanoseconds / 1000, Tags: append(tags(record.Attributes), record.tags()...),
		Logs: events(record.Events), Process: key,
	})
}

// tags returns what Jaeger shows of a span besides its attributes.
func (record record) tags() []tag {
	var added []tag
	add := func(key, value string) {
		if value != "" {
			added = append(added, tag{key, "string", value})
		}
	}
	add("span.kind", spanKind(record.Kind))
	if record.Status != "UNSET" {
		add("otel.status_code", record.Status)
	}
	add("otel.status_description", record.StatusMessage)
	add("otel.scope.name", record.Scope)
	add("otel.scope.version", record.ScopeVersion)
	add("w3c.tracestate", record.State)
	if record.Status == "ERROR" {
		added = append(added, tag{"error", "bool", true})
	}
	return added
}

func references(record record) []reference {
	found := []reference{}
	if record.ParentID != "" {
		found = append(found, reference{"CHILD_OF", record.TraceID, record.ParentID})
	}
	var links []struct{ TraceID, SpanID string }
	if json.Unmarshal([]byte(record.Links), &links) == nil {
		for _, link := range links {
			found = append(found, reference{"FOLLOWS_FROM", link.TraceID, link.SpanID})
		}
	}
	return found
}

func events(text string) []event {
	var stored []struct {
		Time       time.Time
		Name       string
		Attributes json.RawMessage
	}
	found := []event{}
	if json.Unmarshal([]byte(text), &stored) == nil {
		for _, item := range stored {
			fields := append([]tag{{"event", "string", item.Name}}, tags(string(item.Attributes))...)
			found = append(found, event{item.Time.UnixMicro(), fields})
		}
	}
	return found
}

// tags returns the attributes of a JSON object by name.
func tags(text string, omitted ...string) []tag {
	found := []tag{}
	var attributes map[string]any
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if decoder.Decode(&attributes) != nil {
		return found
	}
	for _, key := range slices.Sorted(maps.Keys(attributes)) {
		if !slices.Contains(omitted, key) {
			kind, value := typed(attributes[key])
			found = append(found, tag{key, kind, value})
		}
	}
	return found
}

func typed(value any) (string, any) {
	switch found := value.(type) {
	case string:
		return "string", found
	case bool:
		return "bool", found
	case json.Number:
		if _, err := found.Int64(); err == nil {
			return "int64", found
		}
		return "float64", found
	}
	text, err := json.Marshal(value)
	if err != nil {
		return "string", fmt.Sprint(value)
	}
	return "string", string(text)
}
