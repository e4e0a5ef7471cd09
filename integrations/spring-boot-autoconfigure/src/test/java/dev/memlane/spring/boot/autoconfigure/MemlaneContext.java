package dev.memlane.spring.boot.autoconfigure;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.context.annotation.ImportCandidates;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.util.ClassUtils;

/** Application contexts with every auto-configuration of Memlane that Boot would find. */
final class MemlaneContext {

  private MemlaneContext() {}

  /** A context whose memory makes vectors of words, in this directory. */
  static ApplicationContextRunner withHashesIn(Path directory) {
    return in(directory).withPropertyValues("memlane.embedder=hash");
  }

  /** A context whose memory is in this directory; without further properties. */
  static ApplicationContextRunner in(Path directory) {
    ClassLoader loader = MemlaneContext.class.getClassLoader();
    List<Class<?>> found = new ArrayList<>();
    for (String name : ImportCandidates.load(AutoConfiguration.class, loader)) {
      if (name.startsWith("dev.memlane.")) {
        found.add(ClassUtils.resolveClassName(name, loader));
      }
    }
    return new ApplicationContextRunner().withConfiguration(AutoConfigurations.of(found.toArray(Class<?>[]::new)))
        .withPropertyValues("memlane.data=" + directory);
  }
}
