package query_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ml-workspace/tools/go/insights/config"
	"ml-workspace/tools/go/insights/files"
	"ml-workspace/tools/go/insights/fixtures"
	"ml-workspace/tools/go/insights/query"
	"ml-workspace/tools/go/insights/store"
	"ml-workspace/tools/go/insights/tokens"
)

func TestMain(main *testing.M) { fixtures.Main(main) }

// serve starts the server over an empty store, with the tokens 'reading' and 'writing'.
func serve(t *testing.T) *httptest.Server {
	t.Helper()
	folder := t.TempDir()
	path := filepath.Join(folder, "tokens")
	if err := os.WriteFile(path, []byte("reading alice read\nwriting collector write\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	known, err := tokens.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	set, err := files.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	status := func() store.Status { return store.Status{RetentionInDays: 90} }
	if err := query.Register(t.Context(), mux, config.Config{Folder: folder}, set, status, known); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

func post(t *testing.T, server *httptest.Server, token, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, server.URL+"/v1/query", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return send(t, request, token)
}

func send(t *testing.T, request *http.Request, token string) (int, string) {
	t.Helper()
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(content)
}

func TestResponseHasTheFormOfApplicationInsights(t *testing.T) {
	status, found := post(t, serve(t), "reading",
		`{"query": "SELECT 1 AS a, 'b' AS b", "start": "2026-11-29T12:00:00+01:00", "end": "2026-11-29T12:00:00Z"}`)
	expected := `{"tables":[{"name":"PrimaryResult","columns":[{"name":"a","type":"int"},{"name":"b","type":"string"}],` +
		`"rows":[[1,"b"]]}],"range":{"start":"2026-11-29T11:00:00Z","end":"2026-11-29T12:00:00Z"},"truncated":false}`
	if status != http.StatusOK || found != expected {
		t.Errorf("%d %s", status, found)
	}
}

func TestRangeIsADayIfNotGiven(t *testing.T) {
	server := serve(t)
	for body, expected := range map[string]time.Duration{
		`{"query": "SELECT 1"}`:                                24 * time.Hour,
		`{"query": "SELECT 1", "end": "2026-11-29T12:00:00Z"}`: 24 * time.Hour,
		fmt.Sprintf(`{"query": "SELECT 1", "start": "%s"}`, time.Now().Add(-time.Hour).Format(time.RFC3339)): time.Hour,
	} {
		_, content := post(t, server, "reading", body)
		var found struct {
			Range struct{ Start, End time.Time }
		}
		if err := json.Unmarshal([]byte(content), &found); err != nil {
			t.Fatal(err)
		}
		if length := found.Range.End.Sub(found.Range.Start).Round(time.Minute); length != expected {
			t.Errorf("%s: %v", body, length)
		}
	}
}

func TestWrongRequestIsAnError(t *testing.T) {
	server := serve(t)
	for body, expected := range map[string]string{
		"":             "400 the body is not JSON",
		"{}":           "400 'query' is missing",
		`{"query": 1}`: "400 the body is not JSON",
		`{"query": "SELECT 1", "maximumRows": 0}`:                                               "400 'maximumRows' is 0; allowed: 1 to 10000",
		`{"query": "SELECT 1", "maximumRows": 10001}`:                                           "400 'maximumRows' is 10001; allowed: 1 to 10000",
		`{"query": "SELECT 1", "start": "yesterday"}`:                                           "400 the body is not JSON",
		`{"query": "SELECT 1", "start": "2026-11-29T12:00:00Z", "end": "2026-11-29T12:00:00Z"}`: "400 'start' (2026-11-29T12:00:00Z) is not before 'end'",
		`{"query": "DROP VIEW requests"}`:                                                       "400 the query is not a SELECT",
		`{"query": "` + strings.Repeat("x", 65<<10) + `"}`:                                      "413 the body of the request is larger than 64 KiB",
	} {
		status, content := post(t, server, "reading", body)
		var found struct {
			Error struct{ Code, Message string }
		}
		if err := json.Unmarshal([]byte(content), &found); err != nil {
			t.Fatalf("%.80s: %s", body, content)
		}
		if text := fmt.Sprintf("%d %s", status, found.Error.Message); !strings.HasPrefix(text, expected) || found.Error.Code == "" {
			t.Errorf("%.80s: %s", body, text)
		}
	}
}

func TestReadingNeedsAReadToken(t *testing.T) {
	server := serve(t)
	for token, expected := range map[string]int{"reading": 200, "writing": 403, "": 401, "foreign": 401} {
		if found, _ := post(t, server, token, `{"query": "SELECT 1"}`); found != expected {
			t.Errorf("query with %q: %d", token, found)
		}
		request, err := http.NewRequest(http.MethodGet, server.URL+"/v1/status", nil)
		if err != nil {
			t.Fatal(err)
		}
		if found, _ := send(t, request, token); found != expected {
			t.Errorf("status with %q: %d", token, found)
		}
	}
}
