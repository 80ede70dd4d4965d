package views_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"ml-workspace/tools/go/insights/fixtures"
	"ml-workspace/tools/go/insights/schema"
	"ml-workspace/tools/go/insights/views"
)

type row = fixtures.Row

// database has the physical tables as stored_<table>, with the views.
func database(t *testing.T) *sql.DB {
	t.Helper()
	database := fixtures.Database(t, "TEMP TABLE stored_")
	for _, macro := range views.Macros {
		fixtures.Execute(t, database, macro)
	}
	for _, view := range views.All {
		fixtures.Execute(t, database, view.SQL)
	}
	return database
}

func insert(t *testing.T, database *sql.DB, table schema.Table, row row) {
	t.Helper()
	fixtures.Insert(t, database, "stored_", table, row)
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
		"availabilityResults": {"timestamp", "name", "location", "success", "message", "duration"},
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
