// Command insights stores the telemetry of a workspace, which a collector sends to it, and serves queries about it.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"ml-workspace/tools/go/insights/config"
	"ml-workspace/tools/go/insights/engine"
	"ml-workspace/tools/go/insights/server"
)

// version is set by the linker.
var version = "unknown"

func main() {
	if engine.IsProcess(os.Args) {
		exit(engine.Serve(os.Args))
		return
	}
	path := flag.String("config", "/etc/insights/config.json", "configuration file")
	asked := flag.Bool("version", false, "print the version and exit")
	flag.Parse()
	if *asked {
		fmt.Println("insights", version)
		return
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, nil)))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	exit(run(ctx, *path))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "insights:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, path string) error {
	settings, err := config.Load(path)
	if err != nil {
		return err
	}
	return server.Run(ctx, settings)
}
