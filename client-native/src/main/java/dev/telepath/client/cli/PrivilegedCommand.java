package dev.telepath.client.cli;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.privileged.PrivilegedLauncher;
import dev.telepath.client.privileged.PrivilegedProcess;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** What {@code tp connect --network tun} starts with the one capability that it takes. */
@CommandLine.Command(
        name = PrivilegedLauncher.COMMAND,
        hidden = true,
        description = "changes this machine's network at the daemon's word")
final class PrivilegedCommand extends Command {
    @Option(names = "--socket", required = true, description = "where the daemon waits")
    Path socket;

    @Option(names = "--user", required = true, description = "number of the user whose daemon it is")
    int user;

    @Option(names = "--resolved", description = "standard output leads to what tells systemd-resolved")
    boolean resolved;

    PrivilegedCommand(Console console) {
        super(console);
    }

    @Override
    int run(Invocation invocation) {
        try {
            FileOutputStream script = resolved ? new FileOutputStream(FileDescriptor.out) : null;
            if (resolved) {
                // What else would be printed belongs into the log.
                System.setOut(System.err);
            }
            PrivilegedProcess.serve(socket, user, script);
            return 0;
        } catch (IOException e) {
            throw new Failure(Kind.FAILED, "not all could be done or undone: " + e.getMessage(), "", e);
        }
    }
}
