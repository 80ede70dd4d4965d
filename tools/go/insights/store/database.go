package store

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/duckdb/duckdb-go/v2"

	"ml-workspace/tools/go/insights/otlp"
	"ml-workspace/tools/go/insights/schema"
)

// The memory of the databases, in MB. Commits, merges and queries have one each, so that neither a merge nor a query keeps
// rows from being written.
const (
	commitMemory = 24
	mergeMemory  = 28
)

// database turns rows into Parquet files, and small files into larger ones.
type database struct {
	*sql.DB
	columns map[schema.Table][]duckdb.ColumnInfo
	mutex   sync.Mutex
	pending map[string][]otlp.Row
}

// openDatabase starts DuckDB with a folder of its own for what does not fit into memory: two with the same folder take each
// other's files, which have the same names.
func openDatabase(temporary string, megabytes int) (*database, error) {
	if err := os.MkdirAll(temporary, 0o700); err != nil {
		return nil, err
	}
	connector, err := duckdb.NewConnector("", nil)
	if err != nil {
		return nil, err
	}
	created := &database{
		DB: sql.OpenDB(connector), columns: map[schema.Table][]duckdb.ColumnInfo{}, pending: map[string][]otlp.Row{},
	}
	if err := created.prepare(temporary, megabytes); err != nil {
		_ = created.Close()
		return nil, fmt.Errorf("starting DuckDB: %w", err)
	}
	return created, nil
}

func (database *database) prepare(temporary string, megabytes int) error {
	settings := []string{
		fmt.Sprintf("SET memory_limit = '%dMB'", megabytes),
		"SET threads = 1",
		"SET temp_directory = " + literal(temporary),
		"SET enable_progress_bar = false",
		// With one thread the order stays as it is, and less is in memory.
		"SET preserve_insertion_order = false",
		schema.SQL,
	}
	for _, setting := range settings {
		if _, err := database.Exec(setting); err != nil {
			return err
		}
	}
	for _, table := range schema.Tables {
		if err := database.describe(table); err != nil {
			return err
		}
	}
	return database.register()
}

// describe learns the columns of a table.
func (database *database) describe(table schema.Table) error {
	rows, err := database.Query("SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index", string(table))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name, typ string
		if err := rows.Scan(&name, &typ); err != nil {
			return err
		}
		info, err := duckdb.NewTypeInfo(types[typ])
		if err != nil {
			return fmt.Errorf("column %s.%s: %w", table, name, err)
		}
		database.columns[table] = append(database.columns[table], duckdb.ColumnInfo{Name: name, T: info})
	}
	return rows.Err()
}

var types = map[string]duckdb.Type{
	"TIMESTAMP": duckdb.TYPE_TIMESTAMP, "BIGINT": duckdb.TYPE_BIGINT, "VARCHAR": duckdb.TYPE_VARCHAR,
	"UINTEGER": duckdb.TYPE_UINTEGER, "INTEGER": duckdb.TYPE_INTEGER, "UBIGINT": duckdb.TYPE_UBIGINT,
	"UTINYINT": duckdb.TYPE_UTINYINT, "DOUBLE": duckdb.TYPE_DOUBLE, "BOOLEAN": duckdb.TYPE_BOOLEAN,
}

// register provides the rows that are being written as the table function pending(name).
func (database *database) register() error {
	text, err := duckdb.NewTypeInfo(duckdb.TYPE_VARCHAR)
	if err != nil {
		return err
	}
	connection, err := database.Conn(context.Background())
	if err != nil {
		return err
	}
	defer connection.Close()
	return duckdb.RegisterTableUDF(connection, "pending", duckdb.ChunkTableFunction{
		Config: duckdb.TableFunctionConfig{Arguments: []duckdb.TypeInfo{text}},
		BindArguments: func(_ map[string]any, arguments ...any) (duckdb.ChunkTableSource, error) {
			name, _ := arguments[0].(string)
			rows := database.pending[name]
			return &source{rows: rows, columns: database.columns[rows[0].Table]}, nil
		},
	})
}

// source delivers rows to DuckDB, without a table that would hold them once more.
type source struct {
	rows    []otlp.Row
	columns []duckdb.ColumnInfo
	next    int
}

func (from *source) ColumnInfos() []duckdb.ColumnInfo { return from.columns }
func (from *source) Init()                            {}
func (from *source) Cardinality() *duckdb.CardinalityInfo {
	return &duckdb.CardinalityInfo{Cardinality: uint(len(from.rows)), Exact: true}
}

func (from *source) FillChunk(chunk duckdb.DataChunk) error {
	rows := from.rows[from.next:min(from.next+duckdb.GetDataChunkCapacity(), len(from.rows))]
	rows = rows[:fitting(rows, chunkSize)]
	from.next += len(rows)
	for position, row := range rows {
		for column, value := range row.Values {
			if err := chunk.SetValue(column, position, value); err != nil {
				return fmt.Errorf("column %q: %w", from.columns[column].Name, err)
			}
		}
	}
	return chunk.SetSize(len(rows))
}

// write makes a Parquet file of rows, and returns when it is on disk.
func (database *database) write(path string, rows []otlp.Row) error {
	database.mutex.Lock()
	defer database.mutex.Unlock()
	database.pending[path] = rows
	defer delete(database.pending, path)
	return database.copyTo(path, "SELECT * FROM pending("+literal(path)+")", "COMPRESSION_LEVEL 1")
}

// copyTo writes the result of a query into a file, and returns when it is on disk. After an error there is no file.
func (database *database) copyTo(path, query, options string) error {
	statement := fmt.Sprintf("COPY (%s) TO %s (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE %d, "+
		"DICTIONARY_SIZE_LIMIT %d, STRING_DICTIONARY_PAGE_SIZE_LIMIT %d, %s)",
		query, literal(path), rowGroup, distinct, dictionary, options)
	_, err := database.Exec(statement)
	if err == nil {
		err = syncFile(path)
	}
	if err != nil {
		_ = os.Remove(path)
	}
	return err
}

// fitting returns how many of the first rows are of at most a size together, one at least.
func fitting(rows []otlp.Row, size int) int {
	for position, row := range rows {
		if size -= row.Size(); size < 0 && position > 0 {
			return position
		}
	}
	return len(rows)
}

const (
	// chunkSize limits what is handed to DuckDB at once: without memory for it, DuckDB ends the process, not only the query.
	chunkSize = 512 << 10
	// rowGroup is how many rows are in memory when a file is written.
	rowGroup = 8192
	// distinct is how many values a column may have in a row group to get a dictionary, and with it a Bloom filter. The ids of
	// traces with three spans or more do, so that a trace is found without reading every file; ids of spans do not need one.
	distinct = 3000
	// dictionary is what each text column takes for its distinct values; by default a megabyte. So many ids of traces, with
	// their lengths, fit.
	dictionary = 36 * distinct
)

func syncFile(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	return file.Sync()
}

func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

func literals(texts []string) string {
	quoted := make([]string, len(texts))
	for position, text := range texts {
		quoted[position] = literal(text)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
