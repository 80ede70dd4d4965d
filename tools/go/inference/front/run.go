package front

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/caddyserver/caddy/v2"

	// The modules of Caddy that the configuration names.
	_ "github.com/caddyserver/caddy/v2/modules/caddyevents"
	_ "github.com/caddyserver/caddy/v2/modules/caddyhttp"
	_ "github.com/caddyserver/caddy/v2/modules/caddytls"
)

// Run serves until the process is asked to stop.
func Run(path string) error {
	config, err := load(path)
	if err != nil {
		return err
	}
	document, err := caddyConfig(config)
	if err != nil {
		return err
	}
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGINT, syscall.SIGTERM)
	if err := caddy.Load(document, true); err != nil {
		return fmt.Errorf("starting: %w", err)
	}
	<-asked
	// Requests that are being served end, and their spans are sent.
	return caddy.Stop()
}
