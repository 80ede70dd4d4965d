package jaeger

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"ml-workspace/tools/go/insights/engine"
)

// operation is a name of spans, with their kind as Jaeger writes it.
type operation struct {
	Name string `json:"name"`
	Kind string `json:"spanKind"`
}

// dependency counts the calls of one service by another.
type dependency struct {
	Parent string `json:"parent"`
	Child  string `json:"child"`
	Calls  int64  `json:"callCount"`
}

func (api *API) services(request *http.Request) (any, error) {
	return api.names(request, "SELECT DISTINCT service FROM spans WHERE service <> '' ORDER BY service")
}

func (api *API) operationNames(request *http.Request) (any, error) {
	return api.names(request, "SELECT DISTINCT name FROM spans WHERE service = ? ORDER BY name", request.PathValue("service"))
}

func (api *API) names(request *http.Request, sql string, arguments ...string) (any, error) {
	rows, _, err := query[[1]string](api, request, engine.Always.From, engine.Always.To, sql, arguments...)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(rows))
	for number, row := range rows {
		names[number] = row[0]
	}
	return names, nil
}

func (api *API) operations(request *http.Request) (any, error) {
	service, kind := request.FormValue("service"), strings.ToUpper(request.FormValue("spanKind"))
	if service == "" {
		return nil, &failure{http.StatusBadRequest, "parameter 'service' is required"}
	}
	rows, _, err := query[[2]string](api, request, engine.Always.From, engine.Always.To, `SELECT DISTINCT name, kind FROM spans
		WHERE service = ? AND (? = '' OR kind = ?) ORDER BY name, kind`, service, kind, kind)
	if err != nil {
		return nil, err
	}
	operations := make([]operation, len(rows))
	for number, row := range rows {
		operations[number] = operation{row[0], spanKind(row[1])}
	}
	return operations, nil
}

func spanKind(kind string) string {
	if kind == "UNSPECIFIED" {
		return ""
	}
	return strings.ToLower(kind)
}

// dependencies counts requests whose caller is a call of another service.
func (api *API) dependencies(request *http.Request) (any, error) {
	end, err := number(request, "endTs", time.Now().UnixMilli())
	if err != nil {
		return nil, err
	}
	lookback, err := number(request, "lookback", (24 * time.Hour).Milliseconds())
	if err != nil {
		return nil, err
	}
	to := time.UnixMilli(end)
	rows, _, err := query[[3]any](api, request, to.Add(-time.Duration(lookback)*time.Millisecond), to,
		// Hashes take a fifth of the memory of the ids.
		`SELECT caller.service, called.service, count(*)
		FROM (SELECT hash(trace_id, span_id) AS call, service_name AS service FROM stored_spans
			WHERE kind IN ('CLIENT', 'PRODUCER')) AS caller
		JOIN (SELECT hash(trace_id, parent_span_id) AS call, service_name AS service FROM stored_spans
			WHERE kind IN ('SERVER', 'CONSUMER') AND parent_span_id <> '') AS called USING (call)
		WHERE caller.service <> called.service
		GROUP BY ALL ORDER BY ALL`)
	if err != nil {
		return nil, err
	}
	dependencies := make([]dependency, len(rows))
	for number, row := range rows {
		parent, _ := row[0].(string)
		child, _ := row[1].(string)
		calls, _ := row[2].(float64)
		dependencies[number] = dependency{parent, child, int64(calls)}
	}
	return dependencies, nil
}

func number(request *http.Request, name string, absent int64) (int64, error) {
	text := request.FormValue(name)
	if text == "" {
		return absent, nil
	}
	found, err := strconv.ParseInt(text, 10, 64)
	if err != nil || found < 0 {
		return 0, &failure{http.StatusBadRequest, "parameter '" + name + "' is '" + text + "'; allowed: a whole number"}
	}
	return found, nil
}
