package endpoints

import (
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/requestbody"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"

	"ml-workspace/tools/go/inference/publishing"
)

// Name is that of the handler in Caddy's configuration.
const Name = "online_endpoints"

func init() {
	caddy.RegisterModule(Handler{})
}

// Handler serves the online endpoints of a workspace.
type Handler struct {
	Folder              string `json:"folder"`
	MaximumRequestBytes int64  `json:"maximum_request_bytes"`

	*state
}

// state is what a handler has while it runs.
type state struct {
	ctx        caddy.Context
	logger     *zap.Logger
	publishing sync.Mutex
	mutex      sync.RWMutex
	current    *table
	mirrors    *mirrors
}

// CaddyModule describes the module.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers." + Name, New: func() caddy.Module { return new(Handler) }}
}

// Provision reads the endpoints that were last published.
func (handler *Handler) Provision(ctx caddy.Context) error {
	found, err := readDocument(handler.Folder, published)
	if err != nil {
		return err
	}
	first, err := newTable(ctx, found)
	if err != nil {
		return err
	}
	handler.state = &state{ctx: ctx, logger: ctx.Logger(), current: first, mirrors: newMirrors(ctx.Logger())}
	publishing.Use(handler)
	return nil
}

// Publish puts the proposed endpoints in force and keeps them; those in force stay if anything is wrong. No connection of a
// client is closed, and requests that have begun end with the endpoints that they began with.
func (handler *Handler) Publish() error {
	handler.publishing.Lock()
	defer handler.publishing.Unlock()
	found, err := readDocument(handler.Folder, proposed)
	if err != nil {
		return err
	}
	next, err := newTable(handler.ctx, found)
	if err != nil {
		return err
	}
	if err := accept(handler.Folder); err != nil {
		next.close()
		return fmt.Errorf("keeping the endpoints: %w", err)
	}
	handler.mutex.Lock()
	before := handler.current
	handler.current = next
	handler.mutex.Unlock()
	go func() {
		before.requests.Wait()
		before.close()
	}()
	handler.logger.Info("published endpoints", zap.Int("endpoints", len(next.endpoints)))
	return nil
}

// begin returns the endpoints in force, which stay usable until the request has ended.
func (handler *Handler) begin() *table {
	handler.mutex.RLock()
	defer handler.mutex.RUnlock()
	handler.current.requests.Add(1)
	return handler.current
}

// ServeHTTP serves one request.
func (handler *Handler) ServeHTTP(writer http.ResponseWriter, request *http.Request, _ caddyhttp.Handler) error {
	known := handler.begin()
	defer known.requests.Done()
	name, path, _ := strings.Cut(strings.TrimPrefix(request.URL.Path, "/"), "/")
	one, isKnown := known.endpoints[name]
	if !isKnown {
		return respond(writer, request, failure{http.StatusNotFound, "EndpointNotFound", "there is no such online endpoint"})
	}
	describe(request, attribute.String("azureml.endpoint", name), zap.String("endpoint", name))
	setName(request, "/"+name+"/"+route(path))
	if path == "" {
		return respondHealthy(writer)
	}
	chosen, refused := handler.admit(one, request)
	if refused != nil {
		return respond(writer, request, *refused)
	}
	describe(request, attribute.String("azureml.deployment", chosen.Name), zap.String("deployment", chosen.Name))
	if len(chosen.Upstreams) == 0 {
		writer.Header().Set(deploymentHeader, chosen.Name)
		return respond(writer, request, noInstance(chosen))
	}
	// The deployment does not get the key.
	request.Header.Del(authorizationHeader)
	request.URL.Path, request.URL.RawPath = chosen.path("/"+path), ""
	return handler.serve(known, one, chosen, writer, request, "/"+path)
}

// admit checks the key, and chooses the deployment.
func (handler *Handler) admit(one *endpoint, request *http.Request) (*deployment, *failure) {
	scheme, key, _ := strings.Cut(request.Header.Get(authorizationHeader), " ")
	if !one.isOpen && (!strings.EqualFold(scheme, "Bearer") || !one.allows(strings.TrimSpace(key))) {
		return nil, &failure{http.StatusUnauthorized, "Unauthorized", "a valid key of the endpoint is required"}
	}
	if wanted := request.Header.Get(deploymentHeader); wanted != "" {
		if chosen := one.named(wanted); chosen != nil {
			return chosen, nil
		}
		return nil, &failure{http.StatusNotFound, "DeploymentNotFound", "the endpoint has no deployment of this name"}
	}
	if chosen := one.choose(); chosen != nil {
		return chosen, nil
	}
	return nil, &failure{http.StatusServiceUnavailable, "NoTraffic", "no deployment of the endpoint has traffic"}
}

// serve limits the body, mirrors the request, and proxies it.
func (handler *Handler) serve(
	known *table, one *endpoint, chosen *deployment, writer http.ResponseWriter, request *http.Request, path string,
) error {
	tracked := &response{ResponseWriterWrapper: &caddyhttp.ResponseWriterWrapper{ResponseWriter: writer}}
	proxied := caddyhttp.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) error {
		if one.mirrors() {
			if copied := one.chooseMirror(); copied != nil && copied != chosen && len(copied.Upstreams) > 0 {
				handler.mirrors.send(known, copied, request, path)
			}
		}
		return chosen.proxy.ServeHTTP(tracked, request, nothing)
	})
	err := requestbody.RequestBody{MaxSize: handler.MaximumRequestBytes}.ServeHTTP(tracked, request, proxied)
	if err == nil {
		return nil
	}
	found := explain(err, chosen)
	handler.logger.Warn("a request failed", zap.String("endpoint", one.name), zap.String("deployment", chosen.Name),
		zap.Int("status", found.status), zap.Error(err))
	if tracked.isBegun {
		return nil
	}
	writer.Header().Set(deploymentHeader, chosen.Name)
	return respond(writer, request, found)
}

var nothing = caddyhttp.HandlerFunc(func(http.ResponseWriter, *http.Request) error { return nil })

// describe adds a fact to the request's span and to its line in the access log.
func describe(request *http.Request, fact attribute.KeyValue, field zap.Field) {
	trace.SpanFromContext(request.Context()).SetAttributes(fact)
	if extra, ok := request.Context().Value(caddyhttp.ExtraLogFieldsCtxKey).(*caddyhttp.ExtraLogFields); ok {
		extra.Add(field)
	}
}

// route is the path of a request, or a pattern for all paths that only some deployments have.
func route(path string) string {
	switch path {
	case "", "score", "swagger.json":
		return path
	default:
		return "{path}"
	}
}

// setName names the span by the route, of which there are few.
func setName(request *http.Request, route string) {
	span := trace.SpanFromContext(request.Context())
	span.SetName(request.Method + " " + route)
	span.SetAttributes(attribute.String("http.route", route))
}
