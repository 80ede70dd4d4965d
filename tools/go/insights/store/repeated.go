package store

import (
	"fmt"

	"ml-workspace/tools/go/insights/schema"
)

// passRows is how many rows are compared at the same time; more are compared in several passes, each over a part of the keys.
const passRows = 1 << 18

// findRepeated finds the rows of files that are there again, for withoutRepeated, and counts them. The window has found all
// that a collector sends again soon; this finds what came later.
func (merger *merger) findRepeated(table schema.Table, paths []string, rows uint64) (count uint64, err error) {
	if _, err = merger.database.Exec("CREATE OR REPLACE TABLE repeated (filename VARCHAR, file_row_number BIGINT)"); err != nil {
		return 0, err
	}
	passes := rows/passRows + 1
	for pass := range passes {
		among := fmt.Sprintf("FROM %s WHERE hash(%s) %% %d = %d", numbered(paths), identity[table], passes, pass)
		var found uint64
		query := fmt.Sprintf("SELECT count(*) - count(DISTINCT hash(%s)) %s", identity[table], among)
		if err = merger.database.QueryRow(query).Scan(&found); err != nil || found == 0 {
			if err != nil {
				return 0, err
			}
			continue
		}
		query = fmt.Sprintf("INSERT INTO repeated SELECT filename, file_row_number %s "+
			"QUALIFY row_number() OVER (PARTITION BY %s) > 1", among, identity[table])
		if _, err = merger.database.Exec(query); err != nil {
			return 0, err
		}
	}
	return count, merger.database.QueryRow("SELECT count(*) FROM repeated").Scan(&count)
}

// withoutRepeated reads the rows of files except those that findRepeated has found.
func withoutRepeated(paths []string) string {
	return "SELECT * EXCLUDE (filename, file_row_number) FROM " + numbered(paths) +
		" ANTI JOIN repeated USING (filename, file_row_number)"
}

func numbered(paths []string) string {
	return "read_parquet(" + literals(paths) + ", filename = true, file_row_number = true)"
}
