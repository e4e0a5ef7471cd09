package dev.memlane.server.internal.tls;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.InvalidInputException;
import dev.memlane.server.internal.tls.CertificateFiles.Contents;
import dev.memlane.server.internal.tls.CertificateFiles.Identity;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.security.KeyStore;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.util.component.AbstractLifeCycle;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.jspecify.annotations.Nullable;

/**
 * The certificate that a server presents. While it runs, its files are read once a second, and what has changed is presented
 * to new connections. Files that can't be used leave the present certificate in place, with one warning: they may be in the
 * middle of being replaced, so a failure counts when it is seen twice. Safe for use by several threads.
 */
public final class Certificates extends AbstractLifeCycle {

  private static final Logger LOGGER = System.getLogger("dev.memlane.server");
  private static final Duration LOOK_EVERY = Duration.ofSeconds(1);
  private static final Duration WARN_BEFORE = Duration.ofDays(7);

  private final CertificateFiles files;
  private final Clock clock;
  private final SslContextFactory.Server factory = new SslContextFactory.Server();
  /** For the copy of the key in memory; the JDK wants one. */
  private final String inMemory = UUID.randomUUID().toString();

  @GuardedBy("this")
  private Contents used;

  @GuardedBy("this")
  private Instant end;

  @GuardedBy("this")
  private boolean warnedOfEnd;

  /** Why the files could not be used when they were read last. */
  @GuardedBy("this")
  private @Nullable String problem;

  @GuardedBy("this")
  private boolean reported;

  private @Nullable ScheduledExecutorService timer;

  /** @throws InvalidInputException if the files can't be used */
  public Certificates(CertificateFiles files, Clock clock) {
    this.files = files;
    this.clock = clock;
    this.used = files.contents();
    Identity identity = files.parse(used);
    this.end = identity.own().getNotAfter().toInstant();
    factory.setKeyStore(store(identity));
    factory.setKeyStorePassword(inMemory);
    factory.setIncludeProtocols("TLSv1.3", "TLSv1.2");
    // The names by which the server may be called are checked by the guard of requests, with a message that lists them.
    factory.setSniRequired(false);
  }

  private KeyStore store(Identity identity) {
    try {
      return identity.store(inMemory);
    } catch (Exception e) {
      throw new InvalidInputException("the certificate can't be used: " + files, e);
    }
  }

  /** What makes the connections. */
  public SslContextFactory.Server factory() {
    return factory;
  }

  @Override
  protected void doStart() {
    timer = Executors.newSingleThreadScheduledExecutor(
        Thread.ofPlatform().daemon().name("memlane-certificates").factory());
    var unused = timer.scheduleWithFixedDelay(this::lookSafely, 0, LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS);
  }

  @Override
  protected void doStop() {
    if (timer != null) {
      timer.shutdownNow();
    }
  }

  /** A failure must not end the looking. */
  private void lookSafely() {
    try {
      look();
    } catch (RuntimeException e) {
      LOGGER.log(Level.WARNING, "the files of the certificate could not be looked at", e);
    }
  }

  synchronized void look() {
    try {
      Contents now = files.contents();
      if (!now.isSame(used)) {
        replace(files.parse(now));
        used = now;
      }
      problem = null;
      reported = false;
    } catch (InvalidInputException e) {
      report(String.valueOf(e.getMessage()));
    }
    if (!warnedOfEnd && clock.instant().plus(WARN_BEFORE).isAfter(end)) {
      LOGGER.log(Level.WARNING, "the certificate in {0} expires at {1}; renew it", files, end);
      warnedOfEnd = true;
    }
  }

  @GuardedBy("this")
  private void replace(Identity identity) {
    KeyStore store = store(identity);
    try {
      factory.reload(reloaded -> {
        reloaded.setKeyStore(store);
        reloaded.setKeyStorePassword(inMemory);
      });
    } catch (Exception e) {
      throw new InvalidInputException("the certificate can't be used: " + files, e);
    }
    end = identity.own().getNotAfter().toInstant();
    warnedOfEnd = false;
    LOGGER.log(Level.INFO, "a new certificate is in use, until {0}: {1}", end, files);
  }

  @GuardedBy("this")
  private void report(String found) {
    if (found.equals(problem) && !reported) {
      LOGGER.log(Level.WARNING, "the certificate was not replaced, and the one before is still in use: {0}", found);
      reported = true;
    } else if (!found.equals(problem)) {
      problem = found;
      reported = false;
    }
  }
}
