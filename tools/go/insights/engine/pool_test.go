package engine_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"ml-workspace/tools/go/insights/engine"
	"ml-workspace/tools/go/insights/fixtures"
	"ml-workspace/tools/go/insights/schema"
)

func TestMain(main *testing.M) { fixtures.Main(main) }

var noon = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// fixture is a folder with 10,000 spans, one each second from noon, and a pool over it.
type fixture struct {
	folder string
	pool   *engine.Pool
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	folder := fixtures.Folder(t)
	database := fixtures.Database(t, "TABLE ")
	fixtures.Execute(t, database, insertAll)
	fixtures.Write(t, database, folder, schema.Spans)
	if err := os.WriteFile(filepath.Join(folder, "tokens"), []byte("sesame alice read\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return fixture{folder, fixtures.Pool(t, folder)}
}

const insertAll = `INSERT INTO spans
	SELECT TIMESTAMP '2026-11-29 12:00:00' + INTERVAL (i) SECOND, 1000000 * i, 'trace' || i, 'span' || i, '', '', 0, 'GET /a', 'SERVER',
		'OK', '', 'scorer', '', '', '', '', '', '', 200, '', '', '', '', '', NULL, '', '', '', '', '', '', '', '', '', '', '{}', '{}',
		'', '', 0, 0, 0
	FROM range(10000) AS numbers(i)`

func (fixture fixture) run(query string) (*engine.Reply, error) {
	return fixture.runWith(query, func(*engine.Request) {})
}

func (fixture fixture) runWith(query string, change func(*engine.Request)) (*engine.Reply, error) {
	request := engine.Request{
		SQL: query, Files: map[string][]string{"spans": {filepath.Join(fixture.folder, "spans", "all.parquet")}},
		From: noon, To: noon.Add(24 * time.Hour), MaximumRows: 1000, MaximumBytes: 1 << 20, Timeout: 10 * time.Second,
	}
	change(&request)
	return fixture.pool.Run(context.Background(), request)
}

func (fixture fixture) rows(t *testing.T, query string) string {
	t.Helper()
	reply, err := fixture.run(query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return string(reply.Rows)
}

func code(err error) engine.Code {
	var failure *engine.Failure
	if errors.As(err, &failure) {
		return failure.Code
	}
	return ""
}

func TestQueryReadsViews(t *testing.T) {
	fixture := newFixture(t)
	for query, expected := range map[string]string{
		"SELECT count(*) FROM requests":                                                                                         "[[10000]]",
		"select COUNT(*) from Requests;":                                                                                        "[[10000]]",
		"SELECT count(*) FROM requests -- all":                                                                                  "[[10000]]",
		"FROM requests SELECT max(duration) AS longest":                                                                         "[[9999]]",
		"SELECT timestamp, id FROM requests ORDER BY timestamp DESC LIMIT 1":                                                    `[["2026-11-29T14:46:39Z","span9999"]]`,
		"WITH slow AS (SELECT * FROM requests WHERE duration > 9990) SELECT count(*) FROM slow":                                 "[[9]]",
		"WITH _s0 AS (FROM requests) SELECT count(*) FROM _s0":                                                                  "[[10000]]",
		"SELECT quantile_cont(duration, [0.5, 0.95]) FROM requests":                                                             `[["[4999.5,9499.05]"]]`,
		"SELECT count(*) FROM requests WHERE (customDimensions ->> 'a') IS NULL AND (customDimensions ->> '$.b' = 'c') IS NULL": "[[10000]]",
		"SELECT -2 ** 2, (-2) ** 2, 1 - (2 - 3), not (true and false), (1 + 2) * 3, 7 // 2, 'a' LIKE 'A', 'a' ILIKE 'A'":        "[[4,4,2,true,9,3,false,true]]",
		"SELECT count(*) FROM exceptions":                                                                                       "[[0]]",
		"SELECT r.id FROM requests r JOIN spans s USING (id) WHERE id = 'span7'":                                                `[["span7"]]`,
		"SELECT sum(x) FROM range(4) AS numbers(x)":                                                                             "[[6]]",
		"SELECT 170141183460469231731687303715884105727::HUGEINT, 1.50::DECIMAL(5,2)":                                           "[[170141183460469231731687303715884105727,1.5]]",
		"SELECT 'nan'::DOUBLE, NULL, true, INTERVAL 90 SECOND, DATE '2026-01-02'":                                               `[["NaN",null,true,"1m30s","2026-01-02T00:00:00Z"]]`,
		"SELECT uuid '00000000-0000-0000-0000-000000000001', {'a': [1]}, '\xc3\xa4'":                                            `[["00000000-0000-0000-0000-000000000001","{\"a\":[1]}","ä"]]`,
		"SELECT count(*) FROM (DESCRIBE requests) WHERE column_name = 'timestamp'":                                              "[[1]]",
	} {
		if found := fixture.rows(t, query); found != expected {
			t.Errorf("%s\nfound    %s\nexpected %s", query, found, expected)
		}
	}
}

func TestQuerySeesOnlyItsRange(t *testing.T) {
	fixture := newFixture(t)
	reply, err := fixture.runWith("SELECT count(*), min(id) FROM requests", func(request *engine.Request) {
		request.From, request.To = noon.Add(5*time.Second), noon.Add(8*time.Second)
	})
	if err != nil || string(reply.Rows) != `[[3,"span5"]]` {
		t.Errorf("%s %v", reply.Rows, err)
	}
}

func TestColumnsHaveTypesOfApplicationInsights(t *testing.T) {
	fixture := newFixture(t)
	reply, err := fixture.run("SELECT timestamp, name, duration, success, 1 AS a, 2::BIGINT AS b, [1] AS c FROM requests")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, column := range reply.Columns {
		found = append(found, column.Name+" "+column.Type)
	}
	if strings.Join(found, ", ") != "timestamp datetime, name string, duration real, success bool, a int, b long, c dynamic" {
		t.Error(found)
	}
}

func TestResultIsLimitedInRowsAndBytes(t *testing.T) {
	fixture := newFixture(t)
	for name, test := range map[string]struct {
		change    func(*engine.Request)
		rows      string
		truncated bool
	}{
		"rows":  {func(request *engine.Request) { request.MaximumRows = 2 }, `[["span0"],["span1"]]`, true},
		"bytes": {func(request *engine.Request) { request.MaximumBytes = 24 }, `[["span0"],["span1"]]`, true},
		"equal": {func(request *engine.Request) { request.MaximumRows = 2; request.To = noon.Add(2 * time.Second) },
			`[["span0"],["span1"]]`, false},
	} {
		reply, err := fixture.runWith("SELECT id FROM requests ORDER BY timestamp", test.change)
		if err != nil || string(reply.Rows) != test.rows || reply.Truncated != test.truncated {
			t.Errorf("%s: %s %v %v", name, reply.Rows, reply.Truncated, err)
		}
	}
}

func TestParametersOfOwnQueriesAreValues(t *testing.T) {
	fixture := newFixture(t)
	reply, err := fixture.runWith("SELECT id FROM stored_spans JOIN spans ON id = span_id WHERE id = ?", func(request *engine.Request) {
		request.Own, request.Arguments = true, []string{"span1"}
	})
	if err != nil || string(reply.Rows) != `[["span1"]]` {
		t.Error(reply, err)
	}
}

func TestManyQueriesRunAtATimeAndTheRestIsRefused(t *testing.T) {
	fixture := newFixture(t)
	var group sync.WaitGroup
	results := make(chan engine.Code, 40)
	for range cap(results) {
		group.Add(1)
		go func() {
			defer group.Done()
			_, err := fixture.run("SELECT count(*) FROM requests a, requests b WHERE a.id <= b.id")
			results <- code(err)
		}()
	}
	group.Wait()
	close(results)
	counts := map[engine.Code]int{}
	for result := range results {
		counts[result]++
	}
	if counts[engine.Busy] == 0 || counts[""] < 2 || counts[""]+counts[engine.Busy] != cap(results) {
		t.Error(counts)
	}
}
