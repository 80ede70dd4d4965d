// Package tokens decides which requests are allowed.
package tokens

import (
	"bufio"
	"bytes"
	"crypto/subtle"
	"fmt"
	"net/http"
	"os"
	"strings"
)

// The rights of a token.
const (
	Read  = "read"
	Write = "write"
)

// File is the file with a line "TOKEN OWNER RIGHT" for each token.
type File struct {
	path string
}

// Open checks that the file can be read.
func Open(path string) (*File, error) {
	if _, err := os.ReadFile(path); err != nil {
		return nil, fmt.Errorf("reading the tokens: %w", err)
	}
	return &File{path: path}, nil
}

// Require lets only requests with a token of the right through.
func (file *File) Require(right string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		token, isBearer := strings.CutPrefix(request.Header.Get("Authorization"), "Bearer ")
		found := ""
		if isBearer {
			found = file.right(token)
		}
		switch found {
		case right:
			next.ServeHTTP(writer, request)
		case "":
			http.Error(writer, "a valid token is required", http.StatusUnauthorized)
		default:
			http.Error(writer, fmt.Sprintf("a token with the right %q is required", right), http.StatusForbidden)
		}
	})
}

func (file *File) right(token string) string {
	content, err := os.ReadFile(file.path)
	if err != nil {
		return ""
	}
	lines := bufio.NewScanner(bytes.NewReader(content))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) == 3 && subtle.ConstantTimeCompare([]byte(fields[0]), []byte(token)) == 1 {
			return fields[2]
		}
	}
	return ""
}
