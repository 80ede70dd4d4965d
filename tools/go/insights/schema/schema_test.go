package schema_test

import (
	"database/sql"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2"

	"ml-workspace/tools/go/insights/schema"
)

func TestEveryTableIsCreatedWithItsTimeColumnFirst(t *testing.T) {
	database, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	if _, err := database.Exec(schema.SQL); err != nil {
		t.Fatal(err)
	}
	for _, table := range schema.Tables {
		var first string
		row := database.QueryRow("SELECT column_name FROM duckdb_columns() WHERE table_name = ? AND column_index = 1", string(table))
		if err := row.Scan(&first); err != nil || first != table.Time() {
			t.Errorf("table %s begins with %q (%v), expected %q", table, first, err, table.Time())
		}
	}
}
