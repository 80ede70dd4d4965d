// Package ingest receives telemetry: OTLP over HTTP in the protobuf encoding.
package ingest

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"ml-workspace/tools/go/insights/otlp"
)

const (
	// concurrent is how many requests are decoded at the same time; each takes a few MiB at most.
	concurrent = 4
	// patience is how long further ones wait before their sender is asked to come back.
	patience = 10 * time.Second
	// bodyTimeout limits how long a sender may take.
	bodyTimeout = time.Minute
	// pieceSize is what is decoded of a request before it is written.
	pieceSize = 2 << 20

	contentType = "application/x-protobuf"
	retryAfter  = "1"
)

// Writer stores rows, and returns when they are on disk.
type Writer interface {
	Write(ctx context.Context, rows []otlp.Row) error
}

// Register adds the handlers of the three signals to a server.
func Register(mux *http.ServeMux, guard func(http.Handler) http.Handler, writer Writer, temporary string) {
	slots := make(chan struct{}, concurrent)
	for path, decode := range map[string]otlp.Decode{
		"/v1/traces": otlp.Traces, "/v1/metrics": otlp.Metrics, "/v1/logs": otlp.Logs,
	} {
		mux.Handle("POST "+path, guard(&handler{writer: writer, decode: decode, temporary: temporary, slots: slots}))
	}
}

type handler struct {
	writer    Writer
	decode    otlp.Decode
	temporary string
	slots     chan struct{}
}

func (one *handler) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	if given, _, _ := mime.ParseMediaType(request.Header.Get("Content-Type")); given != contentType {
		http.Error(writer, fmt.Sprintf("the content type is %q, expected %q", given, contentType), http.StatusUnsupportedMediaType)
		return
	}
	if !one.enter(request.Context()) {
		refuse(writer, errors.New("too many requests at the same time"))
		return
	}
	defer func() { <-one.slots }()
	_ = http.NewResponseController(writer).SetReadDeadline(time.Now().Add(bodyTimeout))
	body, free, err := readBody(writer, request, one.temporary)
	if err != nil {
		refuse(writer, err)
		return
	}
	defer free()
	result, err := one.store(request.Context(), body)
	if err != nil {
		refuse(writer, err)
		return
	}
	writer.Header().Set("Content-Type", contentType)
	_, _ = writer.Write(response(result))
}

func (one *handler) enter(ctx context.Context) bool {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case one.slots <- struct{}{}:
		return true
	case <-limited.Done():
		return false
	}
}

// store decodes and writes a request piece by piece. One that is malformed is not written at all.
func (one *handler) store(ctx context.Context, body []byte) (otlp.Result, error) {
	if len(body) > pieceSize/8 {
		if result, err := one.decode(body, func(otlp.Row) error { return nil }); err != nil {
			return result, err
		}
	}
	var rows []otlp.Row
	size := 0
	result, err := one.decode(body, func(row otlp.Row) error {
		rows, size = append(rows, row), size+row.Size()
		if size < pieceSize {
			return nil
		}
		err := one.writer.Write(ctx, rows)
		rows, size = nil, 0
		return err
	})
	if err == nil {
		err = one.writer.Write(ctx, rows)
	}
	return result, err
}

// refuse responds with what is wrong. A sender repeats a request that is refused with 503, and no other.
func refuse(writer http.ResponseWriter, err error) {
	status := http.StatusServiceUnavailable
	switch {
	case errors.Is(err, errTooLarge):
		status = http.StatusRequestEntityTooLarge
	case errors.Is(err, errEncoding):
		status = http.StatusUnsupportedMediaType
	case errors.Is(err, otlp.ErrMalformed), errors.Is(err, errGzip):
		status = http.StatusBadRequest
	default:
		writer.Header().Set("Retry-After", retryAfter)
	}
	http.Error(writer, err.Error(), status)
}

// response is an Export…ServiceResponse: empty, or with the number of rejected records and the reason.
func response(result otlp.Result) []byte {
	if result.Rejected == 0 {
		return nil
	}
	partial := protowire.AppendTag(nil, 1, protowire.VarintType)
	partial = protowire.AppendVarint(partial, uint64(result.Rejected))
	partial = protowire.AppendTag(partial, 2, protowire.BytesType)
	partial = protowire.AppendString(partial, result.Reason)
	return protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), partial)
}
