// Package tokens decides which requests are allowed.
package tokens

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"ml-workspace/tools/go/insights/respond"
)

// The rights of a token.
const (
	Read  = "read"
	Write = "write"
)

// rereadAfter is the age above which the file is read again even if it looks unchanged: two changes within one tick of the
// file system's clock leave the same time.
const rereadAfter = 250 * time.Millisecond

// File is the file with a line "TOKEN OWNER RIGHT" for each token. A change holds from the next request on.
type File struct {
	path    string
	mutex   sync.Mutex
	entries []entry
	info    os.FileInfo
	read    time.Time
}

// entry is one token; only its hash is kept, so that every comparison takes the same time.
type entry struct {
	hash  [sha256.Size]byte
	owner string
	right string
}

// Open reads the file.
func Open(path string) (*File, error) {
	file := &File{path: path}
	if err := file.load(); err != nil {
		return nil, fmt.Errorf("reading the tokens: %w", err)
	}
	return file, nil
}

// Require lets only requests with a token of the right through: as bearer token, or as password with any user name for
// clients that only know those.
func (file *File) Require(right string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		token, isGiven := presented(request)
		found := entry{}
		if isGiven {
			found = file.find(token)
		}
		switch found.right {
		case right:
			next.ServeHTTP(writer, request)
		case "":
			writer.Header().Add("WWW-Authenticate", `Bearer realm="insights"`)
			writer.Header().Add("WWW-Authenticate", `Basic realm="insights"`)
			respond.Error(writer, http.StatusUnauthorized, "Unauthorized", "a valid token is required")
		default:
			slog.Warn("refused a token without the right", "owner", found.owner, "right", right, "path", request.URL.Path)
			respond.Error(writer, http.StatusForbidden, "Forbidden", fmt.Sprintf("a token with the right '%s' is required", right))
		}
	})
}

func presented(request *http.Request) (string, bool) {
	if _, password, isBasic := request.BasicAuth(); isBasic {
		return password, true
	}
	scheme, token, _ := strings.Cut(request.Header.Get("Authorization"), " ")
	return strings.TrimSpace(token), strings.EqualFold(scheme, "Bearer")
}

func (file *File) find(token string) entry {
	hash := sha256.Sum256([]byte(token))
	found := entry{}
	for _, known := range file.current() {
		if subtle.ConstantTimeCompare(known.hash[:], hash[:]) == 1 {
			found = known
		}
	}
	return found
}

// current returns the tokens as they are in the file now; none if it cannot be read.
func (file *File) current() []entry {
	file.mutex.Lock()
	defer file.mutex.Unlock()
	info, err := os.Stat(file.path)
	isSame := err == nil && os.SameFile(info, file.info) && info.ModTime().Equal(file.info.ModTime()) && info.Size() == file.info.Size()
	if isSame && time.Since(file.read) < rereadAfter {
		return file.entries
	}
	if err := file.load(); err != nil {
		slog.Error("no token is accepted: reading the tokens failed", "error", err)
		return nil
	}
	return file.entries
}

func (file *File) load() error {
	info, err := os.Stat(file.path)
	if err != nil {
		return err
	}
	content, err := os.ReadFile(file.path)
	if err != nil {
		return err
	}
	file.entries, file.info, file.read = parse(string(content)), info, time.Now()
	return nil
}

// parse reads the lines; one that is not a token with an owner and a right is no token.
func parse(content string) []entry {
	var entries []entry
	for _, line := range strings.Split(content, "\n") {
		fields := strings.Fields(line)
		if len(fields) == 3 && (fields[2] == Read || fields[2] == Write) {
			entries = append(entries, entry{sha256.Sum256([]byte(fields[0])), fields[1], fields[2]})
		}
	}
	return entries
}
