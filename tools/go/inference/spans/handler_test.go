package spans

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	traces "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// received is a collector that accepts one token, and whose first connection is lost.
type received struct {
	*httptest.Server
	token   string
	refused chan struct{}
	spans   chan *traces.Span
}

func newCollector(t *testing.T, token string) *received {
	made := &received{token: token, refused: make(chan struct{}, 100), spans: make(chan *traces.Span, 100)}
	made.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		if request.Header.Get("Authorization") != "Bearer "+made.token {
			made.refused <- struct{}{}
			writer.WriteHeader(http.StatusUnauthorized)
			return
		}
		body, _ := io.ReadAll(request.Body)
		var sent collector.ExportTraceServiceRequest
		if err := proto.Unmarshal(body, &sent); err != nil {
			t.Error(err)
		}
		for _, one := range sent.ResourceSpans[0].ScopeSpans[0].Spans {
			made.spans <- one
		}
	}))
	made.Listener = &flaky{Listener: made.Listener}
	made.Start()
	t.Cleanup(made.Close)
	return made
}

func newHandler(t *testing.T, target *received, token string) (*Handler, string) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	handler := &Handler{Collector: Collector{Endpoint: target.URL, Token: file, ServiceName: "front"}}
	ctx, cancel := caddy.NewContext(caddy.Context{Context: context.Background()})
	t.Cleanup(cancel)
	if err := handler.Provision(ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := handler.Cleanup(); err != nil {
			t.Error(err)
		}
	})
	return handler, file
}

func serveOne(handler *Handler, next caddyhttp.HandlerFunc) (*httptest.ResponseRecorder, error) {
	writer := httptest.NewRecorder()
	return writer, handler.ServeHTTP(writer, httptest.NewRequest(http.MethodPost, "/churn/score", nil), next)
}

func TestSpansOfRequestsAreSentAfterTheTokenWasReplaced(t *testing.T) {
	target := newCollector(t, "new")
	handler, file := newHandler(t, target, "old")
	var traceparent string
	_, err := serveOne(handler, func(writer http.ResponseWriter, request *http.Request) error {
		traceparent = request.Header.Get("traceparent")
		writer.WriteHeader(http.StatusTeapot)
		return nil
	})
	if err != nil || traceparent == "" {
		t.Fatalf("error %v, traceparent '%s'", err, traceparent)
	}

	<-target.refused
	if err := os.WriteFile(file, []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	sent := <-target.spans

	if sent.Kind != traces.Span_SPAN_KIND_SERVER || sent.Name != http.MethodPost {
		t.Errorf("kind %v, name '%s'", sent.Kind, sent.Name)
	}
	for _, one := range sent.Attributes {
		if one.Key == "http.response.status_code" && one.Value.GetIntValue() == http.StatusTeapot {
			return
		}
	}
	t.Errorf("no status in %v", sent.Attributes)
}

func TestSpansOfRequestsAreSentAgainAfterALostConnection(t *testing.T) {
	target := newCollector(t, "token")
	handler, _ := newHandler(t, target, "token")

	if _, err := serveOne(handler, func(http.ResponseWriter, *http.Request) error { return nil }); err != nil {
		t.Fatal(err)
	}

	<-target.spans
	if accepted := target.Listener.(*flaky).accepted.Load(); accepted < 2 {
		t.Errorf("%d connections", accepted)
	}
}

// flaky closes its first connection at once.
type flaky struct {
	net.Listener
	accepted atomic.Int32
}

func (one *flaky) Accept() (net.Conn, error) {
	accepted, err := one.Listener.Accept()
	if err == nil && one.accepted.Add(1) == 1 {
		accepted.Close()
	}
	return accepted, err
}

func TestErrorsOfTheRequestAreReturned(t *testing.T) {
	target := newCollector(t, "token")
	handler, _ := newHandler(t, target, "token")
	failed := errors.New("no upstream")

	if _, err := serveOne(handler, func(http.ResponseWriter, *http.Request) error { return failed }); !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
}

func TestAMissingCertificateAuthorityIsNamed(t *testing.T) {
	if _, err := (Collector{CertificateAuthority: "/none"}).client(); err == nil {
		t.Error("no error")
	}
}
