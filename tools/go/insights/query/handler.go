package query

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"ml-workspace/tools/go/insights/engine"
	"ml-workspace/tools/go/insights/respond"
)

const (
	timeout          = 10 * time.Second
	defaultRange     = 24 * time.Hour
	defaultRows      = 1000
	maximumRows      = 10_000
	maximumBytes     = 4 << 20
	maximumBodyBytes = 64 << 10
)

// handler serves POST /v1/query.
type handler struct{ source *Source }

// body is the body of a request.
type body struct {
	Query       string     `json:"query"`
	Start       *time.Time `json:"start"`
	End         *time.Time `json:"end"`
	MaximumRows *int       `json:"maximumRows"`
}

// result is the body of a response.
type result struct {
	Tables    []table   `json:"tables"`
	Range     timeRange `json:"range"`
	Truncated bool      `json:"truncated"`
}

type table struct {
	Name    string          `json:"name"`
	Columns []engine.Column `json:"columns"`
	Rows    json.RawMessage `json:"rows"`
}

type timeRange struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

func (handler *handler) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	content, err := io.ReadAll(http.MaxBytesReader(writer, request.Body, maximumBodyBytes))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		respond.Error(writer, http.StatusRequestEntityTooLarge, "RequestTooLarge",
			fmt.Sprintf("the body of the request is larger than %d KiB", maximumBodyBytes>>10))
		return
	}
	if err != nil {
		respond.Error(writer, http.StatusBadRequest, string(engine.Invalid), "reading the body of the request: "+err.Error())
		return
	}
	asked, err := read(content, time.Now().UTC())
	if err != nil {
		respond.Error(writer, http.StatusBadRequest, string(engine.Invalid), err.Error())
		return
	}
	started := time.Now()
	reply, err := handler.source.Run(request.Context(), asked)
	if err != nil {
		fail(writer, err, time.Since(started))
		return
	}
	slog.Debug("query", "milliseconds", time.Since(started).Milliseconds(), "bytes", len(reply.Rows))
	respond.JSON(writer, http.StatusOK, result{
		Tables:    []table{{"PrimaryResult", reply.Columns, reply.Rows}},
		Range:     timeRange{asked.From, asked.To},
		Truncated: reply.Truncated,
	})
}

// read reads and checks the body of a request.
func read(content []byte, now time.Time) (engine.Request, error) {
	var asked body
	if err := json.Unmarshal(content, &asked); err != nil {
		return engine.Request{}, fmt.Errorf("the body is not JSON with 'query', 'start', 'end' and 'maximumRows': %w", err)
	}
	rows := defaultRows
	if asked.MaximumRows != nil {
		rows = *asked.MaximumRows
	}
	from, to := limits(asked, now)
	switch {
	case asked.Query == "":
		return engine.Request{}, errors.New("'query' is missing")
	case rows < 1 || rows > maximumRows:
		return engine.Request{}, fmt.Errorf("'maximumRows' is %d; allowed: 1 to %d", rows, maximumRows)
	case !from.Before(to):
		return engine.Request{}, fmt.Errorf("'start' (%s) is not before 'end' (%s)", from.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	return engine.Request{
		SQL: asked.Query, From: from, To: to, MaximumRows: rows, MaximumBytes: maximumBytes, Timeout: timeout,
	}, nil
}

// limits returns the range: the last day, the day before the end, or from the start until now.
func limits(asked body, now time.Time) (from, to time.Time) {
	to = now
	if asked.End != nil {
		to = asked.End.UTC()
	}
	if asked.Start != nil {
		return asked.Start.UTC(), to
	}
	return to.Add(-defaultRange), to
}

// fail reports an error; the text of the query, which may have secrets in it, is not logged.
func fail(writer http.ResponseWriter, err error, took time.Duration) {
	var failure *engine.Failure
	if !errors.As(err, &failure) {
		failure = &engine.Failure{Code: engine.Failed, Message: err.Error()}
	}
	slog.Warn("query failed", "code", failure.Code, "milliseconds", took.Milliseconds())
	respond.Error(writer, failure.Status(), string(failure.Code), failure.Message)
}
