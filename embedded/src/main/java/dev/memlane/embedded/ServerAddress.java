package dev.memlane.embedded;

import org.jspecify.annotations.Nullable;

/**
 * Where a server is reached, and as whom.
 *
 * @param jdbcUrl without user and password
 * @param user null where the address or the driver's defaults name it
 * @param password a secret: not part of {@link #toString()}
 */
public record ServerAddress(String jdbcUrl, @Nullable String user, @Nullable String password) {

  @Override
  public String toString() {
    return "ServerAddress[jdbcUrl=" + jdbcUrl + ", user=" + user + "]";
  }
}
