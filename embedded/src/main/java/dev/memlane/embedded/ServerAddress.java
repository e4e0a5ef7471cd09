package dev.memlane.embedded;

import org.jspecify.annotations.Nullable;

/**
 * The address of a server, and the user and password to connect with.
 *
 * @param jdbcUrl without user and password
 * @param user null if the address or the driver's defaults name it
 * @param password a secret, which is not part of {@link #toString()}
 */
record ServerAddress(String jdbcUrl, @Nullable String user, @Nullable String password) {

  @Override
  public String toString() {
    return "ServerAddress[jdbcUrl=" + jdbcUrl + ", user=" + user + "]";
  }
}
