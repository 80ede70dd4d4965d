// Package publishing puts new endpoints in force: a request to the running front, over a socket that only its container has.
package publishing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
)

const (
	// Socket is that of Caddy's administration; its folder is a temporary file system of the container.
	Socket = "/tmp/admin.sock"

	path    = "/endpoints/publish"
	timeout = 20 * time.Second
)

// Publisher puts the endpoints that have been written in force.
type Publisher interface {
	Publish() error
}

var current atomic.Pointer[Publisher]

func init() {
	caddy.RegisterModule(Admin{})
}

// Use sets what serves requests from now on.
func Use(publisher Publisher) {
	current.Store(&publisher)
}

// Admin is the route of Caddy's administration.
type Admin struct{}

// CaddyModule describes the module.
func (Admin) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "admin.api.online_endpoints", New: func() caddy.Module { return new(Admin) }}
}

// Routes returns the route.
func (Admin) Routes() []caddy.AdminRoute {
	return []caddy.AdminRoute{{Pattern: path, Handler: caddy.AdminHandlerFunc(publish)}}
}

func publish(writer http.ResponseWriter, request *http.Request) error {
	if request.Method != http.MethodPost {
		return caddy.APIError{HTTPStatus: http.StatusMethodNotAllowed, Err: errors.New("only POST is allowed")}
	}
	publisher := current.Load()
	if publisher == nil {
		return caddy.APIError{HTTPStatus: http.StatusServiceUnavailable, Err: errors.New("the front is still starting")}
	}
	if err := (*publisher).Publish(); err != nil {
		writer.WriteHeader(http.StatusBadRequest)
		fmt.Fprintln(writer, err)
	}
	return nil
}

// Request asks the front in this container to publish.
func Request() error {
	return request(Socket)
}

func request(socket string) error {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var dialer net.Dialer
		return dialer.DialContext(ctx, "unix", socket)
	}
	transport := &http.Transport{DialContext: dial}
	defer transport.CloseIdleConnections()
	client := http.Client{Transport: transport, Timeout: timeout}
	response, err := client.Post("http://127.0.0.1"+path, "", nil)
	if err != nil {
		return fmt.Errorf("publishing endpoints: %w", err)
	}
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("publishing endpoints: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("publishing endpoints: %s", strings.TrimSpace(string(said)))
	}
	return nil
}
