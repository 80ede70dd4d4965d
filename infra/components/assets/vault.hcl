# mlock is off, because raft maps its files into memory; the container may not swap instead.
disable_mlock = true
ui            = false
api_addr      = "$scheme://127.0.0.1:8200"
cluster_addr  = "http://127.0.0.1:8201"
log_level     = "warn"

# The stack's own token lives ten years; logins and certificates have shorter limits of their own.
max_lease_ttl = "87600h"

# Passwords are forty random characters, which nobody guesses: a lock would only let anybody shut a principal out.
user_lockout "userpass" {
  disable_lockout = "true"
}

storage "raft" {
  path    = "/vault/file"
  node_id = "vault"
  # One node elects itself; the default multiplier of 5 would make it wait for others for five seconds.
  performance_multiplier = 1
}

listener "tcp" {
  address = "0.0.0.0:8200"
  $tls
}

# Inside the container only: the start script opens the vault here, and so needs no client that knows certificates.
listener "tcp" {
  address     = "127.0.0.1:8210"
  tls_disable = true
}

$telemetry
