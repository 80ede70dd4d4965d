// Package server assembles the program: the store, and one HTTP server in front of it.
package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"ml-workspace/tools/go/insights/availability"
	"ml-workspace/tools/go/insights/config"
	"ml-workspace/tools/go/insights/files"
	"ml-workspace/tools/go/insights/ingest"
	"ml-workspace/tools/go/insights/query"
	"ml-workspace/tools/go/insights/store"
	"ml-workspace/tools/go/insights/tokens"
)

const (
	headerTimeout   = 10 * time.Second
	idleTimeout     = 2 * time.Minute
	shutdownTimeout = 5 * time.Second
)

// Run serves until the context ends.
func Run(ctx context.Context, settings config.Config) error {
	known, err := tokens.Open(settings.Tokens)
	if err != nil {
		return err
	}
	set, err := files.Open(settings.Folder)
	if err != nil {
		return err
	}
	written, err := store.Open(settings, set)
	if err != nil {
		return err
	}
	defer written.Close()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", healthy)
	mayWrite := func(next http.Handler) http.Handler { return known.Require(tokens.Write, next) }
	ingest.Register(mux, mayWrite, written, set.Temporary())
	if err := query.Register(ctx, mux, settings, set, written.Status, known); err != nil {
		return err
	}
	probing, stop := context.WithCancel(ctx)
	var probes sync.WaitGroup
	probes.Go(func() { availability.Run(probing, settings.AvailabilityTests, written) })
	defer func() {
		stop()
		probes.Wait()
	}()
	return serve(ctx, settings, mux)
}

func healthy(writer http.ResponseWriter, _ *http.Request) {
	fmt.Fprintln(writer, "ready")
}

func serve(ctx context.Context, settings config.Config, handler http.Handler) error {
	server := &http.Server{
		Addr:              settings.Listen,
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
	}
	if settings.TLS != nil {
		current := &certificate{paths: *settings.TLS}
		if _, err := current.get(nil); err != nil {
			return fmt.Errorf("reading the certificate: %w", err)
		}
		server.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: current.get}
	}
	ended := make(chan error, 1)
	go func() {
		<-ctx.Done()
		limited, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
		defer cancel()
		ended <- server.Shutdown(limited)
	}()
	var err error
	if settings.TLS != nil {
		err = server.ListenAndServeTLS("", "")
	} else {
		err = server.ListenAndServe()
	}
	if !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving on %s: %w", settings.Listen, err)
	}
	return <-ended
}
