package engine_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"ml-workspace/tools/go/insights/engine"
)

func TestWhatIsNotOneSelectOfTheViewsIsRefused(t *testing.T) {
	fixture := newFixture(t)
	spans := filepath.Join(fixture.folder, "spans", "all.parquet")
	for _, query := range []string{
		"", ";", "SELEC 1", "SELECT", "SELECT 1 FROM", "SELECT 1; SELECT 2", "SELECT 1; COPY (SELECT 1) TO '/tmp/x'",
		"COPY (SELECT 1) TO '/tmp/x'", "COPY requests FROM '/etc/passwd'", "EXPORT DATABASE '/tmp/x'", "IMPORT DATABASE '/tmp/x'",
		"ATTACH '/tmp/x.db'", "DETACH memory", "INSTALL httpfs", "LOAD httpfs", "SET memory_limit = '1GB'", "RESET threads",
		"PRAGMA threads = 8", "PRAGMA database_list", "CALL duckdb_settings()", "CHECKPOINT", "VACUUM", "USE temp",
		"CREATE TABLE t AS SELECT 1", "CREATE MACRO f() AS 1", "CREATE SECRET s (TYPE s3)", "INSERT INTO requests VALUES (1)",
		"UPDATE requests SET name = ''", "DELETE FROM requests", "DROP VIEW requests", "ALTER VIEW requests RENAME TO r",
		"BEGIN", "PREPARE p AS SELECT 1", "EXECUTE p", "EXPLAIN SELECT 1", "EXPLAIN ANALYZE SELECT 1", "SHOW TABLES",
		"SHOW ALL TABLES", "SELECT * FROM (SHOW TABLES)", "PIVOT requests ON name USING count(*)",
		"FROM read_csv('/etc/passwd')", "SELECT * FROM read_text('/etc/passwd')", "SELECT * FROM read_blob('/etc/passwd')",
		"SELECT * FROM '/etc/passwd'", `SELECT * FROM "/etc/passwd"`, "SELECT * FROM glob('/**')",
		"SELECT * FROM read_text('" + fixture.folder + "/tokens')", "SELECT * FROM '" + fixture.folder + "/tokens'",
		"SELECT * FROM read_parquet('" + spans + "')", "SELECT * FROM '" + spans + "'", "SELECT * FROM parquet_metadata('" + spans + "')",
		"SELECT * FROM parquet_scan('" + spans + "')", "SELECT * FROM sniff_csv('/etc/passwd')",
		`WITH "` + spans + `" AS (SELECT 1) SELECT (SELECT count(*) FROM "` + spans + `")`,
		"WITH stored_spans AS (SELECT 1) SELECT * FROM stored_spans",
		"SELECT * FROM stored_spans", "SELECT * FROM temp.main.stored_spans", "SELECT * FROM main.requests",
		"SELECT * FROM information_schema.tables", "SELECT * FROM pg_catalog.pg_class", "SELECT * FROM sqlite_master",
		"SELECT * FROM duckdb_settings()", "SELECT * FROM duckdb_secrets()", "SELECT * FROM duckdb_views()", "SELECT * FROM duckdb_settings",
		"SELECT * FROM pragma_table_info('requests')", "SELECT * FROM query('SELECT 1')", "SELECT * FROM query_table('requests')",
		"SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))", "SELECT * FROM pg_timezone_names()",
		"SELECT getenv('HOME')", "SELECT current_setting('temp_directory')", "SELECT getvariable('a')", "SELECT write_log('a')",
		"SELECT (SELECT count(*) FROM read_csv('/etc/passwd'))", "SELECT * FROM requests WHERE EXISTS (FROM read_text('/etc/passwd'))",
		"SELECT [x FOR x IN (SELECT list(content) FROM read_text('/etc/passwd'))]",
		"SELECT 1 UNION ALL SELECT 1 FROM read_text('/etc/passwd')", "SELECT * FROM requests, LATERAL (FROM read_text('/etc/passwd'))",
		"SELECT 1 LIMIT (SELECT count(*) FROM read_text('/etc/passwd'))",
		"WITH RECURSIVE r AS (SELECT 1 UNION ALL FROM read_text('/etc/passwd')) FROM r",
		"SELECT * FROM requests ORDER BY (SELECT count(*) FROM read_text('/etc/passwd'))",
		"SELECT * FROM (DESCRIBE SELECT * FROM read_csv('/etc/passwd'))", "SUMMARIZE '/etc/passwd'",
		"VALUES ((SELECT content FROM read_text('/etc/passwd')))", "SELECT nothing FROM requests", "SELECT $1",
	} {
		reply, err := fixture.run(query)
		if found := code(err); found != engine.Forbidden && found != engine.Invalid {
			t.Errorf("%s: %v %q", query, reply, found)
		}
	}
}

// What the process itself refuses, if a query got past the check.
func TestDatabaseReadsNoOtherFilesAndKeepsItsSettings(t *testing.T) {
	fixture := newFixture(t)
	for query, expected := range map[string]engine.Code{
		"SELECT * FROM read_csv('/etc/passwd')":                             engine.Forbidden,
		"SELECT * FROM read_text('" + fixture.folder + "/tokens')":          engine.Forbidden,
		"SELECT * FROM read_text('" + fixture.folder + "/spans/../tokens')": engine.Forbidden,
		"SELECT * FROM glob('/etc/*')":                                      engine.Forbidden,
		"SELECT * FROM read_parquet('https://example.org/a.parquet')":       engine.Forbidden,
		"SELECT count(*) FROM duckdb_secrets()":                             engine.Forbidden,
	} {
		_, err := fixture.runWith(query, func(request *engine.Request) { request.Own = true })
		if found := code(err); found != expected && !(expected != "" && found == engine.Invalid) {
			t.Errorf("%s: %v", query, err)
		}
	}
}

func TestErrorSaysWhatIsWrong(t *testing.T) {
	fixture := newFixture(t)
	for query, expected := range map[string]string{
		"SELECT 1; SELECT 2":                    "the query has 2 statements; exactly one SELECT is allowed",
		"DROP VIEW requests":                    "the query is not a SELECT; only SELECT is allowed",
		"SELECT * FROM request":                 "there is no table 'request'; tables: requests, dependencies, exceptions",
		"SELECT * FROM read_csv('/etc/passwd')": "the query uses the table function 'read_csv'; allowed: generate_series",
		"SELECT nam FROM requests":              `Referenced column "nam" not found`,
		"SELECT * FORM requests":                "the query has a syntax error: ",
	} {
		if _, err := fixture.run(query); err == nil || !strings.Contains(err.Error(), expected) {
			t.Errorf("%s: %v", query, err)
		}
	}
}

// endless never ends by itself; the second one hardly looks at whether it is to end.
var endless = []string{
	"WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT (i + 1) % 1000 FROM n) SELECT max(i) FROM n",
	"SELECT count(*) FROM range(1000000000000) a, range(10) b",
	"SELECT sum(hash(a.id || b.id || c.id)) FROM requests a, requests b, requests c",
}

func TestEndlessQueryEndsInTime(t *testing.T) {
	fixture := newFixture(t)
	for _, query := range endless {
		started := time.Now()
		_, err := fixture.runWith(query, func(request *engine.Request) { request.Timeout = time.Second })
		if code(err) != engine.TimedOut || !strings.Contains(err.Error(), "did not end within 1s") {
			t.Errorf("%s: %v", query, err)
		}
		if took := time.Since(started); took > 6*time.Second {
			t.Errorf("%s: %v", query, took)
		}
		if found := fixture.rows(t, "SELECT count(*) FROM requests"); found != "[[10000]]" {
			t.Error(found)
		}
	}
}

// hungry takes gigabytes if nothing stops it; DuckDB's own limit stops only the last two.
var hungry = []string{
	"SELECT length(repeat('x', 2000000000))",
	"SELECT sum(length(repeat('x', 50000000 + i::INT))) FROM range(100) AS numbers(i)",
	"SELECT max(length(format('{:500000000d}', i))) FROM range(3) AS numbers(i)",
	"SELECT sum(len(list_resize([1], 50000000 + i::INT))) FROM range(3) AS numbers(i)",
	"SELECT list(i) FROM range(100000000) AS numbers(i)",
	"SELECT string_agg(repeat('x', 1000), '') FROM range(1000000) AS numbers(i)",
}

func TestHungryQueryFailsAndTheNextOneWorks(t *testing.T) {
	fixture := newFixture(t)
	for _, query := range hungry {
		_, err := fixture.run(query)
		if found := code(err); found != engine.OutOfMemory && found != engine.Interrupted {
			t.Errorf("%s: %v", query, err)
		}
		if found := fixture.rows(t, "SELECT count(*) FROM requests"); found != "[[10000]]" {
			t.Error(found)
		}
	}
}

// lengthy takes longer than a hungry query, and far less than the limit.
const lengthy = "SELECT count(*) FROM range(5000) AS a(i), range(5000) AS b(j) WHERE i + j < 2"

func TestQueryNextToAHungryOneRunsAgainAlone(t *testing.T) {
	fixture := newFixture(t)
	result := make(chan error, 1)
	go func() {
		_, err := fixture.run(hungry[1])
		result <- err
	}()
	for ended := false; !ended; {
		// Busy, if the other one ran alone for too long.
		if reply, err := fixture.run(lengthy); code(err) != engine.Busy && (err != nil || string(reply.Rows) != "[[3]]") {
			t.Error(reply, err)
		}
		select {
		case err := <-result:
			ended = true
			if found := code(err); found != engine.OutOfMemory && found != engine.Interrupted {
				t.Error(err)
			}
		default:
		}
	}
}

func TestCancelledQueryEnds(t *testing.T) {
	fixture := newFixture(t)
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(50*time.Millisecond, cancel)
	_, err := fixture.pool.Run(ctx, engine.Request{SQL: endless[0], MaximumRows: 1, MaximumBytes: 1, Timeout: 10 * time.Second})
	if code(err) != engine.Cancelled {
		t.Error(err)
	}
}

func TestKilledProcessIsReplaced(t *testing.T) {
	fixture := newFixture(t)
	fixture.rows(t, "SELECT count(*) FROM requests")
	for _, process := range children(t) {
		if err := process.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	for attempt := 0; ; attempt++ {
		// The first query may still meet the killed process.
		reply, err := fixture.run("SELECT count(*) FROM requests")
		if err == nil && string(reply.Rows) == "[[10000]]" {
			return
		}
		if code(err) != engine.Interrupted || attempt > 1 {
			t.Fatal(err)
		}
	}
}

// children finds the processes for queries that this one has started.
func children(t *testing.T) []*os.Process {
	t.Helper()
	lists, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil || len(lists) == 0 {
		t.Fatal(err)
	}
	var found []*os.Process
	for _, list := range lists {
		content, _ := os.ReadFile(list)
		for _, field := range strings.Fields(string(content)) {
			found = append(found, processOf(t, field))
		}
	}
	return found
}

func processOf(t *testing.T, number string) *os.Process {
	t.Helper()
	id, err := strconv.Atoi(number)
	if err != nil {
		t.Fatal(err)
	}
	process, err := os.FindProcess(id)
	if err != nil {
		t.Fatal(err)
	}
	return process
}
