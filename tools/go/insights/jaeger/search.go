package jaeger

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"ml-workspace/tools/go/insights/engine"
)

const (
	defaultLookback = 48 * time.Hour
	defaultTraces   = 100
	maximumTraces   = 500
	// longestTrace is how far the spans of a trace may lie from the span that was searched for.
	longestTrace = time.Hour
)

var traceID = regexp.MustCompile(`^[0-9a-f]{1,32}$`)

// condition is a part of WHERE with its values.
type condition struct {
	sql       string
	arguments []string
}

// search is a parsed query for traces.
type search struct {
	from, to   time.Time
	conditions []condition
	limit      int64
}

func (api *API) get(request *http.Request) (any, error) {
	id, err := normalID(request.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return api.load(request, []string{id}, engine.Always.From, engine.Always.To)
}

func (api *API) find(request *http.Request) (any, error) {
	if ids := request.URL.Query()["traceID"]; len(ids) > 0 {
		for number, text := range ids {
			id, err := normalID(text)
			if err != nil {
				return nil, err
			}
			ids[number] = id
		}
		return api.load(request, ids, engine.Always.From, engine.Always.To)
	}
	asked, err := parse(request)
	if err != nil {
		return nil, err
	}
	found, err := api.newest(request, asked)
	if err != nil || len(found) == 0 {
		return []*trace{}, err
	}
	ids := make([]string, len(found))
	for number, row := range found {
		ids[number] = row[0]
	}
	return api.load(request, ids, asked.from.Add(-longestTrace), asked.to.Add(longestTrace))
}

// newest returns the ids of the traces with the newest spans that match. It looks at a limited number of spans: the ids of
// all would not fit into memory.
func (api *API) newest(request *http.Request, asked search) ([][1]string, error) {
	var clauses, arguments []string
	for _, condition := range asked.conditions {
		clauses, arguments = append(clauses, condition.sql), append(arguments, condition.arguments...)
	}
	matching := "FROM stored_spans WHERE " + strings.Join(clauses, " AND ")
	sql := fmt.Sprintf(`SELECT trace_id %[1]s AND start_time >= (
			SELECT min(start_time) FROM (SELECT start_time %[1]s ORDER BY start_time DESC LIMIT %[2]d)
		) GROUP BY trace_id ORDER BY max(start_time) DESC LIMIT %[3]d`, matching, maximumSpans, asked.limit)
	found, _, err := query[[1]string](api, request, asked.from, asked.to, sql, append(arguments, arguments...)...)
	return found, err
}

// normalID returns an id as it is stored: clients leave out leading zeros.
func normalID(text string) (string, error) {
	id := strings.ToLower(text)
	if !traceID.MatchString(id) {
		return "", &failure{http.StatusBadRequest, fmt.Sprintf("trace id '%s' is not valid; allowed: 1 to 32 hexadecimal digits", text)}
	}
	return strings.Repeat("0", 32-len(id)) + id, nil
}

func parse(request *http.Request) (search, error) {
	asked := search{}
	service := request.FormValue("service")
	if service == "" {
		return asked, &failure{http.StatusBadRequest, "parameter 'service' is required"}
	}
	asked.conditions = append(asked.conditions, condition{"service_name = ?", []string{service}})
	if name := request.FormValue("operation"); name != "" && name != "all" {
		asked.conditions = append(asked.conditions, condition{"name = ?", []string{name}})
	}
	for name, operator := range map[string]string{"minDuration": ">=", "maxDuration": "<="} {
		if text := request.FormValue(name); text != "" {
			length, err := time.ParseDuration(text)
			if err != nil {
				return asked, &failure{http.StatusBadRequest, fmt.Sprintf("parameter '%s' is '%s'; allowed: e.g. 1.2s, 100ms, 500us", name, text)}
			}
			asked.conditions = append(asked.conditions, condition{fmt.Sprintf("duration_nanos %s %d", operator, length), nil})
		}
	}
	var err error
	if asked.limit, err = number(request, "limit", defaultTraces); err != nil {
		return asked, err
	}
	asked.limit = min(max(asked.limit, 1), maximumTraces)
	if err = asked.setRange(request); err != nil {
		return asked, err
	}
	return asked, asked.setTags(request)
}

// setRange reads start and end, microseconds since 1970; without start, lookback.
func (asked *search) setRange(request *http.Request) error {
	end, err := number(request, "end", time.Now().UnixMicro())
	if err != nil {
		return err
	}
	asked.to = time.UnixMicro(end)
	asked.from = asked.to.Add(-lookback(request.FormValue("lookback")))
	if request.FormValue("start") != "" {
		start, err := number(request, "start", 0)
		if err != nil {
			return err
		}
		asked.from = time.UnixMicro(start)
	}
	return nil
}

func lookback(text string) time.Duration {
	if count, isDays := strings.CutSuffix(text, "d"); isDays {
		if days, err := strconv.Atoi(count); err == nil {
			return time.Duration(days) * 24 * time.Hour
		}
	}
	if length, err := time.ParseDuration(text); err == nil && length > 0 {
		return length
	}
	return defaultLookback
}

// setTags reads the tags that a span must have: tag=KEY:VALUE, or tags with a JSON object.
func (asked *search) setTags(request *http.Request) error {
	tags := map[string]string{}
	for _, text := range request.URL.Query()["tag"] {
		key, value, hasValue := strings.Cut(text, ":")
		if !hasValue {
			return &failure{http.StatusBadRequest, fmt.Sprintf("parameter 'tag' is '%s'; expected KEY:VALUE", text)}
		}
		tags[key] = value
	}
	if text := request.FormValue("tags"); text != "" {
		if err := json.Unmarshal([]byte(text), &tags); err != nil {
			return &failure{http.StatusBadRequest, fmt.Sprintf("parameter 'tags' is '%s'; expected a JSON object of strings", text)}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		asked.conditions = append(asked.conditions, tagCondition(key, tags[key]))
	}
	return nil
}

// tagCondition looks for a tag where a span has it: in columns for those that Jaeger adds, else among the attributes of the
// span and its resource.
func tagCondition(key, value string) condition {
	switch key {
	case "error":
		return condition{"(status_code = 'ERROR') = (? = 'true')", []string{value}}
	case "span.kind":
		return condition{"kind = upper(?)", []string{value}}
	case "otel.status_code":
		return condition{"status_code = upper(?)", []string{value}}
	}
	if strings.ContainsAny(key, `"\`) {
		return condition{"false", nil}
	}
	path := `$."` + key + `"`
	return condition{"(json_extract_string(attributes, ?) = ? OR json_extract_string(resource_attributes, ?) = ?)", []string{path, value, path, value}}
}
