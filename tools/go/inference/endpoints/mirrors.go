package endpoints

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"
)

const (
	// At most this many copies are on their way, and none is larger: together they fit into the container's memory.
	maximumCopies    = 16
	maximumCopyBytes = 1 << 20
)

// mirrors sends copies of requests in the background. What is above a limit is not copied: the request itself never waits.
type mirrors struct {
	places chan struct{}
	logger *zap.Logger
}

func newMirrors(logger *zap.Logger) *mirrors {
	return &mirrors{places: make(chan struct{}, maximumCopies), logger: logger}
}

// send copies a request for a path of the endpoint to a deployment; the response is read and dropped.
func (all *mirrors) send(known *table, target *deployment, request *http.Request, path string) {
	if request.ContentLength < 0 || request.ContentLength > maximumCopyBytes {
		all.drop(target, "its size is unknown or above the limit")
		return
	}
	select {
	case all.places <- struct{}{}:
	default:
		all.drop(target, "too many copies are on their way")
		return
	}
	body, err := io.ReadAll(request.Body)
	if err != nil { // the proxy meets the same error
		<-all.places
		request.Body = failed{bytes.NewReader(body), err}
		return
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	copied, span := duplicate(request, target, body)
	copied.URL.Path = target.path(path)
	known.requests.Add(1)
	go func() {
		defer known.requests.Done()
		defer func() { <-all.places }()
		all.deliver(target, copied, span)
	}()
}

func (all *mirrors) drop(target *deployment, reason string) {
	all.logger.Warn("a request was not mirrored", zap.String("deployment", target.Name), zap.String("reason", reason))
}

// duplicate makes a request that does not end with the original one; its span is a dependency of that request.
func duplicate(request *http.Request, target *deployment, body []byte) (*http.Request, trace.Span) {
	parent := trace.SpanFromContext(request.Context())
	server := request.Context().Value(caddyhttp.ServerCtxKey)
	ctx := trace.ContextWithSpan(context.WithValue(context.Background(), caddyhttp.ServerCtxKey, server), parent)
	ctx, span := parent.TracerProvider().Tracer("ml-workspace/inference").Start(ctx, "mirror "+target.Name,
		trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attribute.String("azureml.deployment", target.Name),
			attribute.String("http.request.method", request.Method), attribute.String("peer.service", target.Name)))
	copied := request.Clone(ctx)
	copied.Body = io.NopCloser(bytes.NewReader(body))
	return copied, span
}

func (all *mirrors) deliver(target *deployment, copied *http.Request, span trace.Span) {
	defer span.End()
	limited, cancel := context.WithTimeout(copied.Context(), time.Duration(target.TimeoutMs)*time.Millisecond+tryFor)
	defer cancel()
	server, _ := copied.Context().Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	sink := &sink{header: http.Header{}}
	prepared := caddyhttp.PrepareRequest(copied.WithContext(limited), caddy.NewReplacer(), sink, server)
	if err := target.proxy.ServeHTTP(sink, prepared, nothing); err != nil {
		sink.status = explain(err, target).status
		all.logger.Warn("a mirrored request failed", zap.String("deployment", target.Name), zap.Error(err))
	}
	span.SetAttributes(attribute.Int("http.response.status_code", sink.status))
	if sink.status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, "")
	}
}

// sink drops a response.
type sink struct {
	header http.Header
	status int
}

func (dropped *sink) Header() http.Header { return dropped.header }

func (dropped *sink) WriteHeader(status int) { dropped.status = status }

func (dropped *sink) Write(content []byte) (int, error) {
	if dropped.status == 0 {
		dropped.status = http.StatusOK
	}
	return len(content), nil
}

// failed is a body that could not be read to its end.
type failed struct {
	io.Reader
	err error
}

func (body failed) Read(into []byte) (int, error) {
	count, err := body.Reader.Read(into)
	if err == io.EOF {
		err = body.err
	}
	return count, err
}

func (failed) Close() error { return nil }
