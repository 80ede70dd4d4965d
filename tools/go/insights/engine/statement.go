package engine

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"ml-workspace/tools/go/insights/views"
)

// tableFunctions are the functions that may stand for a table. All others read files or the state of the engine.
var tableFunctions = []string{"generate_series", "json_each", "json_tree", "range", "unnest"}

// forbiddenFunctions read or change the state of the engine.
var forbiddenFunctions = []string{
	"current_setting", "currval", "getenv", "getvariable", "json_deserialize_sql", "json_execute_serialized_sql", "nextval",
	"set_config", "write_log",
}

var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// statement is a query as the parser of DuckDB understands it.
type statement struct {
	// text is written from the parsed form: what runs is what was checked.
	text string
	// tables are the names in FROM, in lower case, without those that the query defines itself.
	tables []string
	// problem says what is forbidden in it, '' if nothing is.
	problem string
}

// parse reads a query that is exactly one SELECT.
func parse(ctx context.Context, connection *sql.Conn, query string) (*statement, error) {
	var tree string
	if err := connection.QueryRowContext(ctx, "SELECT CAST(json_serialize_sql(?::VARCHAR) AS VARCHAR)", query).Scan(&tree); err != nil {
		return nil, err
	}
	var parsed struct {
		Error      bool   `json:"error"`
		Type       string `json:"error_type"`
		Message    string `json:"error_message"`
		Statements []any  `json:"statements"`
	}
	if err := json.Unmarshal([]byte(tree), &parsed); err != nil {
		return nil, err
	}
	switch {
	case parsed.Error && parsed.Type == "parser":
		return nil, &Failure{Invalid, "the query has a syntax error: " + parsed.Message}
	case parsed.Error:
		return nil, &Failure{Forbidden, "the query is not a SELECT; only SELECT is allowed"}
	case len(parsed.Statements) != 1:
		return nil, &Failure{Forbidden, fmt.Sprintf("the query has %d statements; exactly one SELECT is allowed", len(parsed.Statements))}
	}
	found := &statement{}
	if err := connection.QueryRowContext(ctx, "SELECT json_deserialize_sql(?::JSON)", tree).Scan(&found.text); err != nil {
		return nil, err
	}
	reader := &reader{own: map[string]bool{}}
	reader.read(parsed.Statements[0])
	for _, table := range reader.tables {
		if !reader.own[table] && !slices.Contains(found.tables, table) {
			found.tables = append(found.tables, table)
		}
	}
	found.problem = reader.problem
	return found, nil
}

// reader collects what a parsed statement refers to.
type reader struct {
	tables  []string
	own     map[string]bool
	problem string
}

func (reader *reader) read(node any) {
	switch value := node.(type) {
	case []any:
		for _, item := range value {
			reader.read(item)
		}
	case map[string]any:
		reader.readObject(value)
		for _, item := range value {
			reader.read(item)
		}
	}
}

func (reader *reader) readObject(node map[string]any) {
	switch node["type"] {
	case "BASE_TABLE":
		if node["schema_name"] != "" || node["catalog_name"] != "" {
			reader.forbid("%s; tables have no schema", quoted(node["table_name"]))
		}
		reader.tables = append(reader.tables, strings.ToLower(fmt.Sprint(node["table_name"])))
	case "TABLE_FUNCTION":
		function, _ := node["function"].(map[string]any)
		if name := fmt.Sprint(function["function_name"]); !slices.Contains(tableFunctions, strings.ToLower(name)) {
			reader.forbid("the table function %s; allowed: %s", quoted(name), strings.Join(tableFunctions, ", "))
		}
	case "SHOW_REF":
		if node["show_type"] != "DESCRIBE" && node["show_type"] != "SUMMARY" || node["query"] == nil {
			reader.forbid("SHOW; allowed are SELECT, DESCRIBE and SUMMARIZE of the tables")
		}
	case "FUNCTION":
		if name := strings.ToLower(fmt.Sprint(node["function_name"])); slices.Contains(forbiddenFunctions, name) {
			reader.forbid("the function %s", quoted(name))
		}
	}
	if node["class"] == "PARAMETER" {
		reader.forbid("parameters; write values into it")
	}
	if named, isNamed := node["cte_map"].(map[string]any); isNamed {
		reader.readNames(named)
	}
}

// readNames collects the names that WITH defines.
func (reader *reader) readNames(named map[string]any) {
	entries, _ := named["map"].([]any)
	for _, entry := range entries {
		if pair, isPair := entry.(map[string]any); isPair {
			name := fmt.Sprint(pair["key"])
			if !plainName.MatchString(name) || strings.HasPrefix(strings.ToLower(name), "stored_") {
				reader.forbid("the name %s in WITH; names are letters, digits and underscores", quoted(name))
			}
			reader.own[strings.ToLower(name)] = true
		}
	}
}

func (reader *reader) forbid(format string, values ...any) {
	if reader.problem == "" {
		reader.problem = "the query uses " + fmt.Sprintf(format, values...)
	}
}

func quoted(name any) string { return fmt.Sprintf("'%v'", name) }

// check tells whether a user may run the statement.
func (found *statement) check() error {
	if found.problem != "" {
		return &Failure{Forbidden, found.problem}
	}
	for _, table := range found.tables {
		if _, isView := views.All[table]; !isView {
			return &Failure{Invalid, fmt.Sprintf("there is no table '%s'; tables: %s", table, strings.Join(views.Names(), ", "))}
		}
	}
	return nil
}
