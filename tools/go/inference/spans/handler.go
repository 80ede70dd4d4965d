// Package spans describes each request to the workspace's application insights: one span, sent by a client of this project,
// because Caddy's own reads its settings from variables, once.
package spans

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"
)

const (
	// Name is that of the handler in Caddy's configuration.
	Name = "request_spans"

	path = "/v1/traces"

	// A thousand requests per second for eight seconds while the collector restarts; small batches take less memory.
	queue, batch = 8192, 128
	every        = time.Second

	// How long spans wait for a collector that does not accept them, and for the last ones to be sent.
	patience, ending = time.Minute, 5 * time.Second
)

func init() {
	caddy.RegisterModule(Handler{})
}

// Handler makes a span of each request.
type Handler struct {
	Collector

	provider *sdktrace.TracerProvider
	measured http.Handler
}

type key struct{}

// call is the rest of a request, and how it ended: the library's handlers return no errors.
type call struct {
	next caddyhttp.Handler
	err  error
}

var propagator = propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})

// CaddyModule describes the module.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers." + Name, New: func() caddy.Module { return new(Handler) }}
}

// Provision connects to the collector.
func (handler *Handler) Provision(ctx caddy.Context) error {
	client, err := handler.client()
	if err != nil {
		return err
	}
	again := otlptracehttp.RetryConfig{Enabled: true, InitialInterval: every, MaxInterval: 5 * every, MaxElapsedTime: patience}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(handler.Endpoint+path),
		otlptracehttp.WithHTTPClient(client), otlptracehttp.WithRetry(again))
	if err != nil {
		return fmt.Errorf("connecting to the collector: %w", err)
	}
	handler.provider = sdktrace.NewTracerProvider(
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", handler.ServiceName))),
		// A client that samples its own trace must not remove requests from the counts.
		sdktrace.WithSampler(sdktrace.AlwaysSample()),
		sdktrace.WithBatcher(exporter, sdktrace.WithMaxQueueSize(queue), sdktrace.WithMaxExportBatchSize(batch),
			sdktrace.WithBatchTimeout(every), sdktrace.WithExportTimeout(patience)),
	)
	handler.measured = otelhttp.NewHandler(http.HandlerFunc(serve), "", otelhttp.WithTracerProvider(handler.provider),
		otelhttp.WithPropagators(propagator),
		otelhttp.WithSpanNameFormatter(func(_ string, request *http.Request) string { return request.Method }))
	return nil
}

// Cleanup sends the spans that wait.
func (handler *Handler) Cleanup() error {
	if handler.provider == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), ending)
	defer cancel()
	return handler.provider.Shutdown(ctx)
}

// ServeHTTP serves one request.
func (handler *Handler) ServeHTTP(writer http.ResponseWriter, request *http.Request, next caddyhttp.Handler) error {
	rest := &call{next: next}
	handler.measured.ServeHTTP(writer, request.WithContext(context.WithValue(request.Context(), key{}, rest)))
	return rest.err
}

// serve tells deployment and access log the trace.
func serve(writer http.ResponseWriter, request *http.Request) {
	ctx := request.Context()
	propagator.Inject(ctx, propagation.HeaderCarrier(request.Header))
	made := trace.SpanContextFromContext(ctx)
	if extra, ok := ctx.Value(caddyhttp.ExtraLogFieldsCtxKey).(*caddyhttp.ExtraLogFields); ok {
		extra.Add(zap.String("traceID", made.TraceID().String()))
		extra.Add(zap.String("spanID", made.SpanID().String()))
	}
	rest := ctx.Value(key{}).(*call)
	rest.err = rest.next.ServeHTTP(writer, request)
}
