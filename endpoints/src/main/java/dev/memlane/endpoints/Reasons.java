package dev.memlane.endpoints;

import java.io.EOFException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.PortUnreachableException;
import java.net.ProtocolException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpTimeoutException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.UnresolvedAddressException;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * What went wrong, in words for people who have not read the code: what the JDK and other libraries throw often has no message,
 * or one that is the name of a class.
 */
public final class Reasons {

  private static final int DEEPEST = 10;
  private static final Pattern CLASS_NAME = Pattern
      .compile("\\b(?:\\w+\\.)*\\w+(?:Exception|Error)\\b:?\\s*|\\b(?:[a-z]\\w*\\.){2,}[A-Z]\\w*");

  private Reasons() {}

  /** What went wrong, as part of a sentence; its cause belongs into the exception's. */
  public static String of(Throwable failure) {
    Throwable cause = failure;
    for (int i = 0; i < DEEPEST && cause != null; i++) {
      String known = known(cause);
      if (known != null) {
        return known;
      }
      cause = cause.getCause();
    }
    cause = failure;
    for (int i = 0; i < DEEPEST && cause != null; i++) {
      String message = cause.getMessage();
      // The message of what only wraps another is that one's class and message.
      if (message != null && !message.isBlank() && (cause.getCause() == null || !CLASS_NAME.matcher(message).find())) {
        String plain = said(CLASS_NAME.matcher(message).replaceAll(""));
        return plain.isBlank() ? "an unexpected failure" : plain;
      }
      cause = cause.getCause();
    }
    return "an unexpected failure";
  }

  /** What others answered, as part of a sentence: the text itself, short and on one line, or what kind of page it is. */
  public static String said(String answer) {
    return EndpointException.quote(WebPages.describe(answer));
  }

  private static @Nullable String known(Throwable failure) {
    return switch (failure) {
      case UnknownHostException e -> "the host's name is not known; check the address, and this machine's network";
      case UnresolvedAddressException e ->
        "the host's name is not known; check the address, and this machine's network";
      case HttpConnectTimeoutException e ->
        "no connection was made in time; check the address, and whether a firewall is between";
      case HttpTimeoutException e -> "there was no answer in time";
      case SocketTimeoutException e -> "there was no answer in time";
      case TimeoutException e -> "there was no answer in time";
      case NoRouteToHostException e -> "there is no way to its network from here";
      case PortUnreachableException e -> "nothing listens at its address; check it, and whether the server runs";
      // Without a name that is known it has a cause, which says more.
      case ConnectException e when hasUnresolved(e) -> null;
      case ConnectException e -> "nothing listens at its address; check it, and whether the server runs";
      case SSLException e when says(e, "PKIX", "certif", "trust") ->
        "its certificate is not trusted here; add its issuer to the JVM's trust store";
      case SSLException e when says(e, "plaintext", "Unsupported or unrecognized") ->
        "it does not answer encrypted; check whether its address begins with http:// instead of https://";
      case SSLException e -> "no encrypted connection could be made, or it broke";
      case ProtocolException e -> "it does not speak HTTP; check the address and the port";
      case EOFException e -> "the connection was closed before the answer was complete";
      case ClosedChannelException e -> "the connection was closed before the answer was complete";
      case SocketException e -> "the connection broke";
      default -> null;
    };
  }

  private static boolean hasUnresolved(Throwable failure) {
    for (Throwable cause = failure.getCause(); cause != null; cause = cause.getCause()) {
      if (cause instanceof UnresolvedAddressException || cause instanceof UnknownHostException) {
        return true;
      }
    }
    return false;
  }

  private static boolean says(Throwable failure, String... words) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      for (String word : words) {
        if (String.valueOf(cause.getMessage()).contains(word)) {
          return true;
        }
      }
    }
    return false;
  }
}
