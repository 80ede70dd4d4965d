// Package query serves queries about what is stored.
package query

import (
	"net/http"

	"ml-workspace/tools/go/insights/config"
	"ml-workspace/tools/go/insights/files"
	"ml-workspace/tools/go/insights/store"
	"ml-workspace/tools/go/insights/tokens"
)

// Register adds the handlers of queries to a server.
func Register(mux *http.ServeMux, settings config.Config, set *files.Set, status func() store.Status, known *tokens.File) error {
	return nil
}
