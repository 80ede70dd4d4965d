package engine

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"ml-workspace/tools/go/insights/schema"
	"ml-workspace/tools/go/insights/views"
)

// Options are those of the process for queries.
type Options struct {
	// Folder is where telemetry is stored; queries read the folders of the tables in it.
	Folder string
	// Temporary is the folder for what does not fit into memory.
	Temporary string
	// MemoryMegabytes limits what DuckDB takes for tables; the kernel limits the process a little above that.
	MemoryMegabytes int
	// TemporaryMegabytes limits Temporary.
	TemporaryMegabytes int
	Threads            int
}

// open starts a database that reads the files of the tables and nothing else, for good.
func open(options Options) (*sql.DB, error) {
	var folders []string
	for _, table := range schema.Tables {
		folders = append(folders, literal(filepath.Join(options.Folder, string(table))+"/"))
	}
	folders = append(folders, literal(options.Temporary))
	settings := []string{
		fmt.Sprintf("SET allowed_directories = [%s]", strings.Join(folders, ", ")),
		"SET temp_directory = " + literal(options.Temporary),
		fmt.Sprintf("SET max_temp_directory_size = '%dMB'", options.TemporaryMegabytes),
		fmt.Sprintf("SET memory_limit = '%dMB'", options.MemoryMegabytes),
		fmt.Sprintf("SET threads = %d", options.Threads),
		// The kernel has the files in its cache; DuckDB's own would fill the memory of every query up to the limit.
		"SET enable_external_file_cache = false",
		"SET TimeZone = 'UTC'",
		"SET autoinstall_known_extensions = false",
		"SET autoload_known_extensions = false",
		"SET enable_external_access = false",
		"SET lock_configuration = true",
	}
	settings = append(settings, views.Macros...)
	connector, err := duckdb.NewConnector("", nil)
	if err != nil {
		return nil, err
	}
	database := sql.OpenDB(connector)
	// A connection has the views of one query, so none is used twice.
	database.SetMaxIdleConns(0)
	for _, setting := range settings {
		if _, err := database.Exec(setting); err != nil {
			return nil, fmt.Errorf("%s: %w", setting, err)
		}
	}
	return database, nil
}

// define creates the views that a statement reads, for one connection.
func define(ctx context.Context, connection *sql.Conn, tables []string, request Request) error {
	stored := map[string]bool{}
	add := func(table string) error {
		if stored[table] {
			return nil
		}
		stored[table] = true
		_, err := connection.ExecContext(ctx, storedSQL(table, request))
		return err
	}
	for _, name := range tables {
		if table, isStored := strings.CutPrefix(name, "stored_"); isStored && request.Own {
			if err := add(table); err != nil {
				return err
			}
			continue
		}
		view, isView := views.All[name]
		if !isView {
			continue
		}
		if err := add(view.Table); err != nil {
			return err
		}
		if _, err := connection.ExecContext(ctx, view.SQL); err != nil {
			return err
		}
	}
	return nil
}

// storedSQL selects the rows of a table in the range. The bounds are literals, so that files and groups of rows outside are
// not read.
func storedSQL(table string, request Request) string {
	paths := request.Files[table]
	if len(paths) == 0 {
		return emptySQL(table)
	}
	quoted := make([]string, len(paths))
	for number, path := range paths {
		quoted[number] = literal(path)
	}
	column := schema.Table(table).Time()
	return fmt.Sprintf("CREATE TEMP VIEW stored_%s AS SELECT * FROM read_parquet([%s]) WHERE %s >= %s AND %s < %s",
		table, strings.Join(quoted, ", "), column, timestamp(request.From), column, timestamp(request.To))
}

// emptySQL creates a table without rows, for a range without files.
func emptySQL(table string) string {
	definition := regexp.MustCompile(`(?s)CREATE TABLE ` + regexp.QuoteMeta(table) + ` \(.*?\n\)`).FindString(schema.SQL)
	return strings.Replace(definition, "CREATE TABLE ", "CREATE TEMP TABLE stored_", 1)
}

func timestamp(moment time.Time) string {
	return "TIMESTAMP " + literal(moment.UTC().Format("2006-01-02 15:04:05.999999"))
}

func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
