// Package jaeger serves the read API of Jaeger's own query service, so that Jaeger's page and Grafana's data source attach.
package jaeger

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"ml-workspace/tools/go/insights/engine"
	"ml-workspace/tools/go/insights/respond"
)

const (
	timeout = 10 * time.Second
	// maximumSpans and maximumBytes limit a response; a trace that is cut says so.
	maximumSpans = 10_000
	maximumBytes = 6 << 20
)

// Source runs queries.
type Source interface {
	Run(ctx context.Context, request engine.Request) (*engine.Reply, error)
}

// API is the read API over a source.
type API struct{ source Source }

// Handler serves the paths below /api/.
func Handler(source Source) http.Handler {
	api := &API{source}
	mux := http.NewServeMux()
	for pattern, handle := range map[string]func(*http.Request) (any, error){
		"GET /api/services":                      api.services,
		"GET /api/services/{service}/operations": api.operationNames,
		"GET /api/operations":                    api.operations,
		"GET /api/traces":                        api.find,
		"GET /api/traces/{id}":                   api.get,
		"GET /api/dependencies":                  api.dependencies,
	} {
		mux.HandleFunc(pattern, func(writer http.ResponseWriter, request *http.Request) {
			data, err := handle(request)
			reply(writer, data, err)
		})
	}
	return mux
}

// failure is a response with a status of its own.
type failure struct {
	status  int
	message string
}

func (failure *failure) Error() string { return failure.message }

// envelope is the form of all responses.
type envelope struct {
	Data   any       `json:"data"`
	Total  int       `json:"total"`
	Limit  int       `json:"limit"`
	Offset int       `json:"offset"`
	Errors []problem `json:"errors"`
}

type problem struct {
	Code    int    `json:"code"`
	Message string `json:"msg"`
}

func reply(writer http.ResponseWriter, data any, err error) {
	if err == nil {
		respond.JSON(writer, http.StatusOK, envelope{Data: data, Total: length(data)})
		return
	}
	status := http.StatusInternalServerError
	var own *failure
	var failed *engine.Failure
	switch {
	case errors.As(err, &own):
		status = own.status
	case errors.As(err, &failed):
		status = failed.Status()
	}
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		writer.Header().Set("Retry-After", "1")
	}
	respond.JSON(writer, status, envelope{Errors: []problem{{status, err.Error()}}})
}

func length(data any) int {
	switch found := data.(type) {
	case []string:
		return len(found)
	case []operation:
		return len(found)
	}
	return 0
}

// query runs a query of this API and reads its rows.
func query[Row any](api *API, request *http.Request, from, to time.Time, sql string, arguments ...string) ([]Row, bool, error) {
	reply, err := api.source.Run(request.Context(), engine.Request{
		SQL: sql, Arguments: arguments, Own: true, From: from, To: to,
		MaximumRows: maximumSpans, MaximumBytes: maximumBytes, Timeout: timeout,
	})
	if err != nil {
		return nil, false, err
	}
	rows := []Row{}
	if err := json.Unmarshal(reply.Rows, &rows); err != nil {
		return nil, false, err
	}
	return rows, reply.Truncated, nil
}
