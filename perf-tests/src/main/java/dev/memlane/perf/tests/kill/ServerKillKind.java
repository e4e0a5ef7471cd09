package dev.memlane.perf.tests.kill;

/** What is killed in a round of {@link ServerKillRounds}, and what else happens in it. */
enum ServerKillKind {
  /** The server. Its PostgreSQL stays running, until the next server stops it. */
  SERVER("server"),
  /** The server, and its PostgreSQL right after it. */
  SERVER_AND_POSTGRES("server and PostgreSQL"),
  /** The server, while it opens; then the next one, while it works. */
  OPENING("server while it opens"),
  /** The server, after PostgreSQL has hung until writes were unsettled; PostgreSQL goes on afterwards. */
  HANGING_POSTGRES("server, PostgreSQL hangs");

  private final String text;

  ServerKillKind(String text) {
    this.text = text;
  }

  @Override
  public String toString() {
    return text;
  }
}
