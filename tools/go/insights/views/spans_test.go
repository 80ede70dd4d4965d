package views_test

import (
	"fmt"
	"slices"
	"testing"

	"ml-workspace/tools/go/insights/schema"
)

// Every case is one span and the row of a view that it has to become; "" if it must be in neither view.
var spans = []struct {
	what string
	span row
	// request is url ~ success ~ resultCode.
	request string
	// dependency is type ~ target ~ data ~ success ~ resultCode.
	dependency string
}{
	{"server", row{"kind": "SERVER"}, " ~ true ~ ", ""},
	{"consumer", row{"kind": "CONSUMER", "messaging_system": "kafka"}, " ~ true ~ ", ""},
	{"no kind", row{"kind": "UNSPECIFIED"}, "", ""},
	{"server with a status of 200", row{"kind": "SERVER", "http_status_code": 200}, " ~ true ~ 200", ""},
	{"server with a redirect", row{"kind": "SERVER", "http_status_code": 302}, " ~ true ~ 302", ""},
	{"server with a status of 399", row{"kind": "SERVER", "http_status_code": 399}, " ~ true ~ 399", ""},
	{"server with a status of 400", row{"kind": "SERVER", "http_status_code": 400}, " ~ false ~ 400", ""},
	{"server with a status of 404", row{"kind": "SERVER", "http_status_code": 404}, " ~ false ~ 404", ""},
	{"server with a status of 500", row{"kind": "SERVER", "http_status_code": 500}, " ~ false ~ 500", ""},
	{"server with a status of 599, said to be OK", row{"kind": "SERVER", "http_status_code": 599, "status_code": "OK"},
		" ~ false ~ 599", ""},
	{"server with an error", row{"kind": "SERVER", "status_code": "ERROR"}, " ~ false ~ ", ""},
	{"server with an error and a status of 200", row{"kind": "SERVER", "status_code": "ERROR", "http_status_code": 200},
		" ~ false ~ 200", ""},
	{"server with OK", row{"kind": "SERVER", "status_code": "OK"}, " ~ true ~ ", ""},
	{"consumer with an error", row{"kind": "CONSUMER", "status_code": "ERROR"}, " ~ false ~ ", ""},
	{"server with a URL", row{"kind": "SERVER", "url_full": "https://a/b?c", "url_path": "/x", "server_address": "y"},
		"https://a/b?c ~ true ~ ", ""},
	{"server with a path", row{"kind": "SERVER", "url_path": "/b?c"}, "/b?c ~ true ~ ", ""},
	{"server with a path and a host", row{"kind": "SERVER", "url_path": "/b", "server_address": "a"}, "http://a/b ~ true ~ ", ""},
	{"server with scheme, host, port and path",
		row{"kind": "SERVER", "url_scheme": "https", "url_path": "/b", "server_address": "a", "server_port": 8443},
		"https://a:8443/b ~ true ~ ", ""},
	{"server with a host that has the port",
		row{"kind": "SERVER", "url_scheme": "http", "url_path": "/b", "server_address": "a:80", "server_port": 80},
		"http://a:80/b ~ true ~ ", ""},
	{"server with a host only", row{"kind": "SERVER", "server_address": "a"}, " ~ true ~ ", ""},
	{"server of gRPC", row{"kind": "SERVER", "rpc_system": "grpc", "attributes": `{"rpc.grpc.status_code":5}`}, " ~ true ~ 5", ""},
	{"internal", row{"kind": "INTERNAL", "name": "predict"}, "", "InProc ~  ~  ~ true ~ "},
	{"internal with an error", row{"kind": "INTERNAL", "status_code": "ERROR"}, "", "InProc ~  ~  ~ false ~ "},
	{"internal with a host", row{"kind": "INTERNAL", "server_address": "a"}, "", "InProc ~  ~  ~ true ~ "},
	{"client with nothing", row{"kind": "CLIENT"}, "", "N/A ~  ~  ~ true ~ "},
	{"client of a named service", row{"kind": "CLIENT", "peer_service": "billing"}, "", "N/A ~ billing ~  ~ true ~ "},
	{"HTTP with a URL only", row{"kind": "CLIENT", "url_full": "https://user@api.example.org:8443/v1?a=b"}, "",
		"HTTP ~ api.example.org:8443 ~ https://user@api.example.org:8443/v1?a=b ~ true ~ "},
	{"HTTP with an IPv6 address", row{"kind": "CLIENT", "url_full": "http://[::1]:80/v1"}, "",
		"HTTP ~ [::1]:80 ~ http://[::1]:80/v1 ~ true ~ "},
	{"HTTP with a method, host and the default port",
		row{"kind": "CLIENT", "http_method": "GET", "server_address": "api", "server_port": 443, "url_path": "/v1", "http_status_code": 200},
		"", "HTTP ~ api ~ /v1 ~ true ~ 200"},
	{"HTTP with another port", row{"kind": "CLIENT", "http_method": "GET", "server_address": "api", "server_port": 8080}, "",
		"HTTP ~ api:8080 ~  ~ true ~ "},
	{"HTTP that is not found", row{"kind": "CLIENT", "http_method": "GET", "server_address": "api", "http_status_code": 404}, "",
		"HTTP ~ api ~  ~ false ~ 404"},
	{"HTTP without a response", row{"kind": "CLIENT", "http_method": "GET", "server_address": "api", "status_code": "ERROR"}, "",
		"HTTP ~ api ~  ~ false ~ "},
	{"HTTP to a named service", row{"kind": "CLIENT", "http_method": "GET", "server_address": "10.0.0.1", "peer_service": "billing"},
		"", "HTTP ~ billing ~  ~ true ~ "},
	{"database", row{"kind": "CLIENT", "db_system": "postgresql", "server_address": "db", "server_port": 5432,
		"db_namespace": "features", "db_query": "SELECT 1"}, "", "postgresql ~ db:5432 | features ~ SELECT 1 ~ true ~ "},
	{"database without a host", row{"kind": "CLIENT", "db_system": "sqlite", "db_namespace": "main"}, "", "sqlite ~ main ~  ~ true ~ "},
	{"database without a name", row{"kind": "CLIENT", "db_system": "redis", "server_address": "cache"}, "",
		"redis ~ cache ~  ~ true ~ "},
	{"database with nothing else", row{"kind": "CLIENT", "db_system": "mongodb"}, "", "mongodb ~ mongodb ~  ~ true ~ "},
	{"database over HTTP", row{"kind": "CLIENT", "db_system": "elasticsearch", "http_method": "POST", "url_full": "http://es:9200/_search",
		"http_status_code": 503}, "", "elasticsearch ~ es:9200 ~  ~ false ~ 503"},
	{"SQL Server", row{"kind": "CLIENT", "db_system": "mssql", "server_address": "sql", "db_namespace": "a"}, "",
		"SQL ~ sql | a ~  ~ true ~ "},
	{"SQL Server by its current name", row{"kind": "CLIENT", "db_system": "microsoft.sql_server", "peer_service": "orders"}, "",
		"SQL ~ orders ~  ~ true ~ "},
	{"producer", row{"kind": "PRODUCER"}, "", "Queue Message ~  ~  ~ true ~ "},
	{"producer with a queue", row{"kind": "PRODUCER", "messaging_system": "kafka", "messaging_destination": "scores",
		"server_address": "broker", "server_port": 9092}, "", "Queue Message | kafka ~ broker:9092/scores ~ scores ~ true ~ "},
	{"producer with a system", row{"kind": "PRODUCER", "messaging_system": "kafka"}, "", "Queue Message | kafka ~ kafka ~  ~ true ~ "},
	{"client of a queue", row{"kind": "CLIENT", "messaging_system": "rabbitmq", "messaging_destination": "jobs"}, "",
		"Queue Message | rabbitmq ~ jobs ~ jobs ~ true ~ "},
	{"producer with an error", row{"kind": "PRODUCER", "status_code": "ERROR", "messaging_destination": "jobs"}, "",
		"Queue Message ~ jobs ~ jobs ~ false ~ "},
	{"gRPC", row{"kind": "CLIENT", "rpc_system": "grpc", "rpc_service": "Scorer", "rpc_method": "Score", "server_address": "scorer",
		"server_port": 50051, "attributes": `{"rpc.grpc.status_code":14}`, "status_code": "ERROR"}, "",
		"GRPC ~ scorer:50051 ~ Scorer/Score ~ false ~ 14"},
	{"RPC without a host", row{"kind": "CLIENT", "rpc_system": "aws-api", "rpc_service": "S3", "rpc_method": "ListBuckets"}, "",
		"aws-api ~ S3 ~ S3/ListBuckets ~ true ~ "},
	{"RPC over HTTP", row{"kind": "CLIENT", "rpc_system": "aws-api", "rpc_service": "S3", "http_method": "GET", "http_status_code": 403,
		"url_full": "http://127.0.0.1:9000/b"}, "", "aws-api ~ 127.0.0.1:9000 ~ S3 ~ false ~ 403"},
}

func TestSpansAreRequestsAndDependencies(t *testing.T) {
	if len(spans) < 40 {
		t.Fatalf("%d spans", len(spans))
	}
	database := database(t)
	var requests, dependencies []string
	for number, test := range spans {
		id := fmt.Sprintf("%016x", number)
		test.span["span_id"] = id
		if test.span["status_code"] == nil {
			test.span["status_code"] = "UNSET"
		}
		insert(t, database, schema.Spans, test.span)
		if test.request != "" {
			requests = append(requests, id+" ~ "+test.request)
		}
		if test.dependency != "" {
			dependencies = append(dependencies, id+" ~ "+test.dependency)
		}
	}

	foundRequests := list(t, database, "SELECT id, url, success, resultCode FROM requests ORDER BY id")
	foundDependencies := list(t, database, "SELECT id, type, target, data, success, resultCode FROM dependencies ORDER BY id")

	compare(t, requests, foundRequests)
	compare(t, dependencies, foundDependencies)
	if found := list(t, database, "SELECT count(*) FROM spans"); found[0] != fmt.Sprint(len(spans)) {
		t.Errorf("spans: %s", found[0])
	}
}

func compare(t *testing.T, expected, found []string) {
	t.Helper()
	for _, line := range expected {
		if !slices.Contains(found, line) {
			t.Errorf("missing: %s", line)
		}
	}
	for _, line := range found {
		if !slices.Contains(expected, line) {
			t.Errorf("found:   %s", line)
		}
	}
}

func TestIdsTimesAndNamesAreThoseOfTheSpan(t *testing.T) {
	database := database(t)
	span := row{
		"start_time": "2026-11-29 12:00:01.5", "duration_nanos": 2_500_000, "trace_id": "t", "span_id": "s", "parent_span_id": "p",
		"name": "GET /a", "service_name": "scorer", "service_instance_id": "scorer-1", "attributes": `{"a":1}`, "status_code": "UNSET",
	}
	columns := "strftime(timestamp, '%Y-%m-%dT%H:%M:%S.%g'), duration, operation_Id, id, operation_ParentId, name, cloud_RoleName, " +
		"cloud_RoleInstance, customDimensions->>'a'"
	for kind, view := range map[string]string{"SERVER": "requests", "CLIENT": "dependencies"} {
		span["kind"] = kind
		insert(t, database, schema.Spans, span)

		found := list(t, database, "SELECT "+columns+" FROM "+view)

		compare(t, []string{"2026-11-29T12:00:01.500 ~ 2.5 ~ t ~ s ~ p ~ GET /a ~ scorer ~ scorer-1 ~ 1"}, found)
	}
}
