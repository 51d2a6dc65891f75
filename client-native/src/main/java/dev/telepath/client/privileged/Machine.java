package dev.telepath.client.privileged;

import dev.telepath.client.macos.ResolverFiles;
import dev.telepath.client.platform.Platform;
import dev.telepath.client.platform.SystemTool;
import dev.telepath.tunnel.linux.CLibrary;
import dev.telepath.tunnel.macos.MacLibrary;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** This machine, as it is changed at the daemon's word; closing it undoes that. One thread. */
sealed interface Machine extends AutoCloseable permits Changes, MacChanges {
    /**
     * By the means of the system that this is.
     *
     * @param socket where the daemon waits
     * @param user number of the user who may open the device
     * @param resolved to what tells systemd-resolved; null where there is nothing
     */
    static Machine ofThis(Path socket, int user, @Nullable OutputStream resolved) throws IOException {
        return switch (Platform.current()) {
            case LINUX -> new Changes(new CLibrary(), user, resolved);
            case MACOS -> {
                var library = new MacLibrary();
                // Ctrl-C for a later command of the same terminal is not for this process.
                library.leaveTerminal();
                yield new MacChanges(
                        new MacChanges.Utuns(library, Order.handover(socket)),
                        SystemTool::child,
                        new ResolverFiles(ResolverFiles.FOLDER));
            }
            case OTHER -> throw Platform.noDevice();
        };
    }

    /**
     * Carries an order out.
     *
     * @return what of it could not be done, each with its cause
     * @throws IOException when nothing of it could be
     */
    List<String> apply(Order order) throws IOException;

    @Override
    void close() throws IOException;
}
