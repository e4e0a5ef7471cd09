package dev.memlane.storage.vector;

import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexFileNames;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.SegmentInfos;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.store.Lock;

/** Operations on an index's folder: creating, measuring, deleting. */
final class IndexFolder {

  private IndexFolder() {}

  /** Creates the folder, accessible to its owner only where the file system supports that. */
  static void create(Path directory) throws IOException {
    if (Files.isDirectory(directory)) {
      return;
    }
    Path absolute = directory.toAbsolutePath();
    Path parent = absolute.getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
    FileStore store = Files.getFileStore(parent == null ? absolute.getRoot() : parent);
    if (store.supportsFileAttributeView("posix")) {
      Files.createDirectory(directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } else {
      Files.createDirectory(directory);
    }
  }

  /** Whether the folder holds files of an index but not the file that lists them. */
  static boolean lacksItsList(Directory directory) throws IOException {
    boolean segments = false;
    for (String name : directory.listAll()) {
      if (name.startsWith(IndexFileNames.SEGMENTS)) {
        return false;
      }
      segments |= IndexFileNames.CODEC_FILE_PATTERN.matcher(name).matches();
    }
    return segments;
  }

  /** The data that the last commit recorded about the index; empty if there is none. */
  static Map<String, String> committedUserData(Path path) throws IOException {
    if (!Files.isDirectory(path)) {
      return Map.of();
    }
    try (FSDirectory directory = FSDirectory.open(path)) {
      return DirectoryReader.indexExists(directory) ? SegmentInfos.readLatestCommit(directory).getUserData() : Map.of();
    }
  }

  /** The size of the last commit's files, in bytes. */
  static long committedBytes(Directory directory) throws IOException {
    long bytes = 0;
    for (String name : SegmentInfos.readLatestCommit(directory).files(true)) {
      try {
        bytes += directory.fileLength(name);
      } catch (NoSuchFileException e) {
        // A newer commit has replaced the file since the list was read; the size is momentary anyway.
      }
    }
    return bytes;
  }

  /** See {@link LuceneVectorIndex#delete}. */
  static void delete(Path path) throws IOException {
    if (!Files.isDirectory(path)) {
      return;
    }
    try (FSDirectory directory = FSDirectory.open(path);
        Lock lock = directory.obtainLock(IndexWriter.WRITE_LOCK_NAME)) {
      lock.ensureValid();
      for (Path file : indexFiles(path)) {
        Files.deleteIfExists(file);
      }
    }
    Files.deleteIfExists(path.resolve(IndexWriter.WRITE_LOCK_NAME));
    try {
      Files.delete(path);
    } catch (DirectoryNotEmptyException e) {
      // Files that are not the index's stay.
    }
  }

  private static List<Path> indexFiles(Path path) throws IOException {
    List<Path> files = new ArrayList<>();
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(path)) {
      for (Path file : stream) {
        String name = String.valueOf(file.getFileName());
        // The list is deleted first: if the deletion is interrupted, the rest is no index instead of a broken one.
        if (name.startsWith(IndexFileNames.SEGMENTS + "_") || name.startsWith(IndexFileNames.PENDING_SEGMENTS + "_")) {
          files.addFirst(file);
        } else if (IndexFileNames.CODEC_FILE_PATTERN.matcher(name).matches()) {
          files.add(file);
        }
      }
    }
    return files;
  }
}
