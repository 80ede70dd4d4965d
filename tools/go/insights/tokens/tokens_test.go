package tokens_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ml-workspace/tools/go/insights/tokens"
)

const content = "reading alice read\nwriting collector write\n\nhalf\nodd bob admin\n"

func serve(t *testing.T) (path string, ask func(header, right string) *httptest.ResponseRecorder) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "tokens")
	write(t, path, content)
	file, err := tokens.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, func(header, right string) *httptest.ResponseRecorder {
		recorder := httptest.NewRecorder()
		request := httptest.NewRequest(http.MethodGet, "/", nil)
		if header != "" {
			request.Header.Set("Authorization", header)
		}
		file.Require(right, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(recorder, request)
		return recorder
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestTokenHasItsRightOnly(t *testing.T) {
	_, ask := serve(t)
	for _, test := range []struct {
		header, right string
		status        int
	}{
		{"Bearer reading", tokens.Read, 200}, {"bearer reading", tokens.Read, 200}, {"Bearer reading", tokens.Write, 403},
		{"Bearer writing", tokens.Write, 200}, {"Bearer writing", tokens.Read, 403},
		{"", tokens.Read, 401}, {"Bearer", tokens.Read, 401}, {"Bearer ", tokens.Write, 401}, {"Bearer other", tokens.Read, 401},
		{"reading", tokens.Read, 401}, {"Bearer half", tokens.Read, 401}, {"Bearer odd", tokens.Read, 401},
		{"Bearer readin", tokens.Read, 401}, {"Bearer reading2", tokens.Read, 401}, {"Token reading", tokens.Read, 401},
		// Base64 of x:reading and reading:x.
		{"Basic eDpyZWFkaW5n", tokens.Read, 200}, {"Basic cmVhZGluZzp4", tokens.Read, 401}, {"Basic !", tokens.Read, 401},
	} {
		if found := ask(test.header, test.right); found.Code != test.status {
			t.Errorf("%q %s: %d, expected %d", test.header, test.right, found.Code, test.status)
		}
	}
}

func TestRefusalIsJSONWithoutTheToken(t *testing.T) {
	_, ask := serve(t)
	for header, expected := range map[string]string{
		"Bearer other":   `{"error":{"code":"Unauthorized","message":"a valid token is required"}}`,
		"Bearer writing": `{"error":{"code":"Forbidden","message":"a token with the right 'read' is required"}}`,
	} {
		if found := ask(header, tokens.Read).Body.String(); found != expected {
			t.Error(found)
		}
	}
}

func TestChangeOfTheFileHoldsFromTheNextRequestOn(t *testing.T) {
	path, ask := serve(t)
	if ask("Bearer reading", tokens.Read).Code != 200 {
		t.Fatal("not accepted")
	}
	write(t, path, strings.Replace(content, "reading", "renewed token", 1))
	write(t, path, strings.Replace(content, "reading alice read", "renewed alice read", 1))
	if found := ask("Bearer reading", tokens.Read).Code; found != 401 {
		t.Errorf("the revoked token: %d", found)
	}
	if found := ask("Bearer renewed", tokens.Read).Code; found != 200 {
		t.Errorf("the new token: %d", found)
	}
}

func TestNoTokenIsAcceptedWithoutTheFile(t *testing.T) {
	path, ask := serve(t)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if found := ask("Bearer reading", tokens.Read).Code; found != 401 {
		t.Error(found)
	}
	if _, err := tokens.Open(path); err == nil {
		t.Error("no error without a file")
	}
}
