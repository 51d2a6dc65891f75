package dev.telepath.harness;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** An SSH server of a test, with keys that are made for it and thrown away: nothing of this machine's own is read. */
public final class Sshd {
    public static final int PORT = 2222;
    /** Where sshd wants to be empty and root's (sshd(8)). */
    private static final Path SEPARATION = Path.of("/run/sshd");

    private Sshd() {}

    /** Writes keys and configuration into a folder. */
    public static void prepare(Installation telepath, Path folder, String address) throws IOException {
        if (Files.exists(folder.resolve("sshd_config"))) {
            return;
        }
        Files.createDirectories(SEPARATION);
        for (String key : List.of("host", "user")) {
            List<String> line = List.of(
                    "ssh-keygen",
                    "-q",
                    "-t",
                    "ed25519",
                    "-N",
                    "",
                    "-f",
                    folder.resolve(key).toString());
            telepath.runCommand(line, Map.of(), Duration.ofSeconds(30)).orFail();
        }
        Path allowed = Files.copy(folder.resolve("user.pub"), folder.resolve("allowed"));
        Files.setPosixFilePermissions(allowed, PosixFilePermissions.fromString("rw-------"));
        Files.writeString(folder.resolve("sshd_config"), """
                ListenAddress %1$s:%2$d
                HostKey %3$s/host
                AuthorizedKeysFile %3$s/allowed
                PidFile %3$s/pid
                PermitRootLogin prohibit-password
                PasswordAuthentication no
                StrictModes no
                UsePAM no
                Subsystem sftp internal-sftp
                """.formatted(address, PORT, folder));
    }

    /** The command that serves. */
    public static List<String> command(Path folder) {
        return List.of(
                "/usr/sbin/sshd",
                "-D",
                "-e",
                "-f",
                folder.resolve("sshd_config").toString());
    }

    /** Options of ssh and scp that let in, with a space behind. */
    public static String options(Path folder) {
        return "-F none -i " + folder.resolve("user") + " -o BatchMode=yes -o StrictHostKeyChecking=no"
                + " -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR ";
    }
}
