package dev.telepath.client.mount;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jboss.logging.Logger;

/** What this machine can mount by FUSE, and what is mounted. Linux alone; elsewhere files are copied. Blocks. */
public final class MountTable {
    private static final Logger LOG = Logger.getLogger(MountTable.class);
    private static final Path MOUNTS = Path.of("/proc/self/mounts");
    private static final Path FUSE = Path.of("/dev/fuse");
    private static final String TYPE = "fuse.sshfs";
    private static final List<String> UNMOUNT = List.of("fusermount3", "fusermount");
    private static final int SECONDS = 5;

    private MountTable() {}

    /**
     * Why nothing can be mounted here, and what helps; empty when it can.
     *
     * @param environment PATH is read of it
     */
    public static Optional<String> lacks(Map<String, String> environment) {
        if (!Files.exists(MOUNTS)) {
            return Optional.of("mounting works on Linux alone so far");
        }
        if (program("sshfs", environment).isEmpty()) {
            return Optional.of("sshfs is not installed (e.g. apt-get install sshfs)");
        }
        if (unmounter(environment).isEmpty()) {
            return Optional.of("fusermount3 is not installed (e.g. apt-get install fuse3)");
        }
        if (!Files.isReadable(FUSE) || !Files.isWritable(FUSE)) {
            return Optional.of("/dev/fuse is not there or not yours to use (e.g. modprobe fuse)");
        }
        return Optional.empty();
    }

    static Optional<Path> program(String name, Map<String, String> environment) {
        return Stream.of(environment.getOrDefault("PATH", "").split(File.pathSeparator))
                .filter(folder -> !folder.isEmpty())
                .map(folder -> Path.of(folder, name))
                .filter(Files::isExecutable)
                .findFirst();
    }

    private static Optional<Path> unmounter(Map<String, String> environment) {
        return UNMOUNT.stream()
                .flatMap(name -> program(name, environment).stream())
                .findFirst();
    }

    /** Whether sshfs has something mounted there. Reads the table alone, so a dead mount does not hang it. */
    public static boolean mounted(Path folder) {
        if (!Files.exists(MOUNTS)) {
            return false;
        }
        try (Stream<String> lines = Files.lines(MOUNTS)) {
            return lines.map(line -> line.split(" "))
                    .anyMatch(fields -> fields.length > 2
                            && fields[2].equals(TYPE)
                            && plain(fields[1]).equals(folder.toString()));
        } catch (IOException e) {
            LOG.warnf("mounts not known cause=\"%s\"", e.getMessage());
            return false;
        }
    }

    /** The table writes what would divide its fields as octal numbers. */
    private static String plain(String field) {
        return field.replace("\\040", " ")
                .replace("\\011", "\t")
                .replace("\\012", "\n")
                .replace("\\134", "\\");
    }

    /** Takes a mount of sshfs away, if there is one; files that are open in it stay readable as long as they can. */
    public static void unmount(Path folder, Map<String, String> environment) {
        if (!mounted(folder)) {
            return;
        }
        Optional<Path> program = unmounter(environment);
        try {
            if (program.isEmpty()) {
                throw new IOException("fusermount3 is not installed");
            }
            Process process = new ProcessBuilder(program.get().toString(), "-u", "-z", "--", folder.toString())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (!process.waitFor(SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IOException(program.get().getFileName() + " did not do it");
            }
            LOG.infof("unmounted folder=%s", folder);
        } catch (IOException e) {
            LOG.warnf("not unmounted folder=%s cause=\"%s\"", folder, e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
