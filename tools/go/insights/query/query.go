// Package query serves queries over HTTP.
package query

import (
	"context"
	"net/http"
	"path/filepath"

	"ml-workspace/tools/go/insights/config"
	"ml-workspace/tools/go/insights/engine"
	"ml-workspace/tools/go/insights/files"
	"ml-workspace/tools/go/insights/jaeger"
	"ml-workspace/tools/go/insights/respond"
	"ml-workspace/tools/go/insights/schema"
	"ml-workspace/tools/go/insights/store"
	"ml-workspace/tools/go/insights/tokens"
)

const (
	memoryMegabytes    = 48
	temporaryMegabytes = 512
	// threads of each query. A second one would take half as much memory again, and the store needs the other processor.
	threads = 1
)

// Register adds the handlers of queries to a server. Queries end with the context.
func Register(
	ctx context.Context, mux *http.ServeMux, settings config.Config, set *files.Set, status func() store.Status, known *tokens.File,
) error {
	source := NewSource(ctx, settings.Folder, set)
	mux.Handle("POST /v1/query", known.Require(tokens.Read, &handler{source}))
	mux.Handle("GET /v1/status", known.Require(tokens.Read, http.HandlerFunc(func(writer http.ResponseWriter, _ *http.Request) {
		respond.JSON(writer, http.StatusOK, status())
	})))
	mux.Handle("GET /api/", known.Require(tokens.Read, jaeger.Handler(source)))
	return nil
}

// Source runs queries over the files of a store.
type Source struct {
	ending context.Context
	set    *files.Set
	pool   *engine.Pool
}

// NewSource prepares queries over the files in a folder.
func NewSource(ending context.Context, folder string, set *files.Set) *Source {
	return &Source{ending, set, engine.NewPool(engine.Options{
		Folder:             folder,
		Temporary:          filepath.Join(set.Temporary(), "queries"),
		MemoryMegabytes:    memoryMegabytes,
		TemporaryMegabytes: temporaryMegabytes,
		Threads:            threads,
	})}
}

// Run runs a query over the files that may have rows of its range. They stay until it has ended.
func (source *Source) Run(ctx context.Context, request engine.Request) (*engine.Reply, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(source.ending, cancel)()
	request.Files = map[string][]string{}
	for _, table := range schema.Tables {
		snapshot := source.set.Snapshot(table, request.From, request.To)
		defer snapshot.Release()
		request.Files[string(table)] = snapshot.Paths()
	}
	return source.pool.Run(ctx, request)
}
