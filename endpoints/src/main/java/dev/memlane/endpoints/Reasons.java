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
 * Descriptions of failures for people who have not read the code. Exceptions of the JDK and other libraries often have
 * no message, or the name of a class as their message.
 */
public final class Reasons {

  private static final int DEEPEST = 10;
  private static final Pattern CLASS_NAME = Pattern
      .compile("\\b(?:\\w+\\.)*\\w+(?:Exception|Error)\\b:?\\s*|\\b(?:[a-z]\\w*\\.){2,}[A-Z]\\w*");

  private Reasons() {}

  /** Describes a failure as part of a sentence. The failure itself should be passed on as the cause. */
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
      // The message of an exception that only wraps another is the other's class and message.
      if (message != null && !message.isBlank() && (cause.getCause() == null || !CLASS_NAME.matcher(message).find())) {
        String plain = describeAnswer(CLASS_NAME.matcher(message).replaceAll(""));
        return plain.isBlank() ? "an unexpected failure" : plain;
      }
      cause = cause.getCause();
    }
    return "an unexpected failure";
  }

  /** Describes a server's answer as part of a sentence: the text, short and on one line, or the kind of page it is. */
  public static String describeAnswer(String answer) {
    return EndpointException.quote(WebPages.describe(answer));
  }

  private static @Nullable String known(Throwable failure) {
    return switch (failure) {
      case UnknownHostException e -> "the host name can't be resolved; check the address and this machine's network";
      case UnresolvedAddressException e ->
        "the host name can't be resolved; check the address and this machine's network";
      case HttpConnectTimeoutException e ->
        "no connection was made in time; check the address, and whether a firewall blocks it";
      case HttpTimeoutException e -> "there was no answer in time";
      case SocketTimeoutException e -> "there was no answer in time";
      case TimeoutException e -> "there was no answer in time";
      case NoRouteToHostException e -> "its network can't be reached from here";
      case PortUnreachableException e -> "nothing listens at its address; check it, and whether the server runs";
      // If the host name can't be resolved, the cause says so.
      case ConnectException e when hasUnresolved(e) -> null;
      case ConnectException e -> "nothing listens at its address; check it, and whether the server runs";
      case SSLException e when says(e, "PKIX", "certif", "trust") ->
        "its certificate is not trusted here; add its issuer to the JVM's trust store";
      case SSLException e when says(e, "plaintext", "Unsupported or unrecognized") ->
        "it does not use TLS; check whether its address must begin with http:// instead of https://";
      case SSLException e -> "no encrypted connection could be established, or it broke";
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
