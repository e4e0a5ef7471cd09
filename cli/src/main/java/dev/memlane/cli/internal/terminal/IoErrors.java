package dev.memlane.cli.internal.terminal;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdIOException;
import dev.memlane.archive.JsonErrors;
import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.zip.ZipException;

/**
 * Explanations of failed reads and writes, for people. The messages of the JDK and of libraries speak to programmers.
 */
public final class IoErrors {

  private IoErrors() {}

  /** Explains why something cannot be read or written. */
  public static String describe(IOException e) {
    return switch (e) {
      case InputException input -> String.valueOf(input.getMessage());
      case JsonProcessingException json -> "it is not JSON: " + JsonErrors.describe(json, null);
      case NoSuchFileException none -> "there is no such file";
      case FileNotFoundException none -> "there is no such file, or this user may not read it";
      case AccessDeniedException denied -> "this user may not do that";
      case FileSystemException other when other.getReason() != null -> other.getReason();
      case EOFException early -> "it ends in the middle; was it cut off?";
      case ZipException damaged -> "its gzip data is damaged";
      case ZstdIOException zstd when zstd.getErrorCode() == Zstd.errFrameParameterWindowTooLarge() ->
        "it was packed with a window of more than 128 MB; unpack it first, with zstd -d --long=31";
      case ZstdIOException zstd -> "its zstd data is damaged or cut off";
      case CharacterCodingException damaged -> "its UTF-16 is damaged";
      default -> e.getMessage() == null ? "the system gives no reason" : e.getMessage();
    };
  }
}
