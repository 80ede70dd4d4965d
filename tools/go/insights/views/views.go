// Package views defines what a query sees, in views.sql.
package views

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"
)

//go:embed views.sql
var text string

// View is one view.
type View struct {
	Name string
	// Table is the physical table whose rows it selects, from stored_<table>.
	Table string
	// SQL creates the view.
	SQL string
}

// Macros create the functions that the views call.
var Macros []string

// All has every view by its name in lower case.
var All = parse(text)

var (
	comment = regexp.MustCompile(`(?m)^\s*--.*$`)
	created = regexp.MustCompile(`^CREATE TEMP VIEW (\w+) AS`)
	source  = regexp.MustCompile(`FROM stored_(\w+)`)
)

func parse(text string) map[string]View {
	all := map[string]View{}
	for _, statement := range strings.Split(comment.ReplaceAllString(text, ""), ";\n") {
		statement = strings.TrimSpace(statement)
		if statement == "" {
			continue
		}
		if strings.HasPrefix(statement, "CREATE MACRO ") {
			Macros = append(Macros, statement)
			continue
		}
		name, table := created.FindStringSubmatch(statement), source.FindStringSubmatch(statement)
		if name == nil || table == nil {
			panic(fmt.Sprintf("views.sql: not a view of a stored table: %.60q", statement))
		}
		all[strings.ToLower(name[1])] = View{Name: name[1], Table: table[1], SQL: statement}
	}
	return all
}

// Names lists the views in the order of views.sql.
func Names() []string {
	var names []string
	for _, found := range regexp.MustCompile(`(?m)^CREATE TEMP VIEW (\w+) AS`).FindAllStringSubmatch(text, -1) {
		names = append(names, found[1])
	}
	return names
}
