// Package respond writes JSON responses.
package respond

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// Error writes an error in the form of Application Insights.
func Error(writer http.ResponseWriter, status int, code, message string) {
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		writer.Header().Set("Retry-After", "1")
	}
	JSON(writer, status, map[string]any{"error": map[string]string{"code": code, "message": message}})
}

// JSON writes a value.
func JSON(writer http.ResponseWriter, status int, value any) {
	content, err := json.Marshal(value)
	if err != nil {
		http.Error(writer, err.Error(), http.StatusInternalServerError)
		return
	}
	writer.Header().Set("Content-Type", "application/json")
	writer.Header().Set("Content-Length", strconv.Itoa(len(content)))
	writer.WriteHeader(status)
	_, _ = writer.Write(content)
}
