package views_test

import (
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2"

	"ml-workspace/tools/go/insights/schema"
	"ml-workspace/tools/go/insights/views"
)

// row has the columns of a physical row that are not empty.
type row map[string]any

// database has the physical tables as stored_<table>, with the views.
func database(t *testing.T) *sql.DB {
	t.Helper()
	database, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { database.Close() })
	database.SetMaxOpenConns(1)
	execute(t, database, strings.ReplaceAll(schema.SQL, "CREATE TABLE ", "CREATE TEMP TABLE stored_"))
	for _, view := range views.All {
		execute(t, database, view.SQL)
	}
	return database
}

func execute(t *testing.T, database *sql.DB, statement string, arguments ...any) {
	t.Helper()
	if _, err := database.Exec(statement, arguments...); err != nil {
		t.Fatalf("%.80s: %v", statement, err)
	}
}

// insert adds a row; text that is not given is empty, numbers are 0 if they cannot be null.
func insert(t *testing.T, database *sql.DB, table schema.Table, row row) {
	t.Helper()
	definition := regexp.MustCompile(`(?s)CREATE TABLE ` + string(table) + ` \((.*?)\n\)`).FindStringSubmatch(schema.SQL)[1]
	var names, marks []string
	var values []any
	for _, column := range regexp.MustCompile(`(?m)^\s+(\w+) (\w+)( NOT NULL)?,?`).FindAllStringSubmatch(definition, -1) {
		value, isGiven := row[column[1]]
		switch {
		case isGiven:
		case column[3] == "":
			continue
		case column[1] == table.Time():
			value = "2026-11-29 12:00:00"
		case strings.HasSuffix(column[1], "attributes") && column[2] == "VARCHAR":
			value = "{}"
		case column[2] == "VARCHAR":
			value = ""
		case column[2] == "BOOLEAN":
			value = false
		default:
			value = 0
		}
		names, marks, values = append(names, column[1]), append(marks, "?"), append(values, value)
	}
	for name := range row {
		if !slices.Contains(names, name) {
			t.Fatalf("table %s has no column %q", table, name)
		}
	}
	execute(t, database, fmt.Sprintf("INSERT INTO stored_%s (%s) VALUES (%s)", table, strings.Join(names, ", "),
		strings.Join(marks, ", ")), values...)
}

// list returns the rows of a query as text, their columns separated by "~".
func list(t *testing.T, database *sql.DB, query string) []string {
	t.Helper()
	rows, err := database.Query(query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for rows.Next() {
		values, targets := make([]any, len(names)), make([]any, len(names))
		for number := range values {
			targets[number] = &values[number]
		}
		if err := rows.Scan(targets...); err != nil {
			t.Fatal(err)
		}
		texts := make([]string, len(values))
		for number, value := range values {
			texts[number] = fmt.Sprint(value)
		}
		found = append(found, strings.Join(texts, " ~ "))
	}
	return found
}

func TestEveryViewHasItsColumns(t *testing.T) {
	common := []string{"timestamp", "operation_Id", "operation_ParentId", "cloud_RoleName", "cloud_RoleInstance", "customDimensions"}
	calls := append([]string{"id", "operation_Name", "name", "success", "resultCode", "duration"}, common...)
	contract := map[string][]string{
		"requests":     append([]string{"url"}, calls...),
		"dependencies": append([]string{"type", "target", "data"}, calls...),
		"exceptions":   append([]string{"type", "outerMessage", "details", "problemId", "operation_Name"}, common...),
		"traces":       append([]string{"message", "severityLevel", "severity"}, common...),
		"customEvents": append([]string{"name"}, common...),
		"customMetrics": {"timestamp", "name", "kind", "unit", "value", "valueCount", "valueSum", "valueMin", "valueMax",
			"cloud_RoleName", "cloud_RoleInstance", "customDimensions"},
		"spans": {"timestamp", "id", "operation_Id", "operation_ParentId", "name", "kind", "status", "service", "duration",
			"attributes", "events"},
	}
	database := database(t)
	for name, expected := range contract {
		found := list(t, database, fmt.Sprintf("SELECT column_name FROM (DESCRIBE %s)", name))
		for _, column := range expected {
			if !slices.Contains(found, column) {
				t.Errorf("%s has no column %q: %v", name, column, found)
			}
		}
	}
}
