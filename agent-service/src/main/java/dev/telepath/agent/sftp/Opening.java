package dev.telepath.agent.sftp;

import dev.telepath.agent.sftp.Handles.OpenFile;
import dev.telepath.agent.sftp.LentTree.Node;
import dev.telepath.agent.sftp.Refusal.Status;
import dev.telepath.agent.share.Reach;
import dev.telepath.agent.share.Reach.Held;
import dev.telepath.tunnel.linux.PathHandle;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/** Opens files as the flags of a client say. Blocks. */
final class Opening {
    private final LentTree tree;
    private final Reach reach;

    Opening(LentTree tree, Reach reach) {
        this.tree = tree;
        this.reach = reach;
    }

    OpenFile open(String path, int flags, Wanted wanted) throws Refusal, IOException {
        Path file = (flags & Code.OPEN_TO_CHANGE) == 0 ? toRead(path) : toChange(path, flags);
        try (Held held = reach.at(file)) {
            boolean there = Files.exists(held.path(), LinkOption.NOFOLLOW_LINKS);
            // Never a pipe or device, whose opening may block.
            if (there && !Files.isRegularFile(held.path(), LinkOption.NOFOLLOW_LINKS)) {
                throw new Refusal(Status.FAILURE, "not a file");
            }
            Optional<FileChannel> writer = Optional.empty();
            Optional<FileChannel> reader = Optional.empty();
            Optional<PathHandle> handle = Optional.empty();
            try {
                writer = writer(held.path(), there, flags, wanted);
                if (has(flags, Code.OPEN_TRUNCATE) && writer.isPresent()) {
                    writer.get().truncate(0);
                }
                reader = reader(held.path(), flags, writer);
                handle = handle(held, file);
            } catch (IOException | RuntimeException e) {
                new OpenFile(file, reader, writer, handle).close();
                throw e;
            }
            if (has(flags, Code.OPEN_WRITE | Code.OPEN_APPEND)) {
                return new OpenFile(file, reader, writer, handle);
            }
            if (writer.isPresent() && !writer.equals(reader)) {
                writer.get().close();
            }
            return new OpenFile(file, reader, Optional.empty(), handle);
        }
    }

    private static boolean has(int flags, int any) {
        return (flags & any) != 0;
    }

    private Path toRead(String path) throws Refusal {
        if (tree.follow(path) instanceof Node.Lent(Path file, boolean writable)) {
            return file;
        }
        throw new Refusal(Status.FAILURE, "not a file");
    }

    private Path toChange(String path, int flags) throws Refusal {
        boolean create = has(flags, Code.OPEN_CREATE);
        if (create && has(flags, Code.OPEN_EXCLUSIVE)) {
            return tree.place(path);
        }
        Node there;
        try {
            there = tree.follow(path);
        } catch (Refusal missing) {
            if (create) {
                return tree.place(path);
            }
            throw missing;
        }
        if (there instanceof Node.Lent(Path file, boolean writable) && writable) {
            return file;
        }
        throw Refusal.readOnly();
    }

    /** Opened too where the file has only to be made or emptied. */
    private static Optional<FileChannel> writer(Path file, boolean there, int flags, Wanted wanted) throws IOException {
        boolean changes = has(flags, Code.OPEN_WRITE | Code.OPEN_APPEND | Code.OPEN_TRUNCATE);
        boolean makes = has(flags, Code.OPEN_CREATE) && (!there || has(flags, Code.OPEN_EXCLUSIVE));
        if (!changes && !makes) {
            return Optional.empty();
        }
        Set<OpenOption> options = new HashSet<>();
        options.add(LinkOption.NOFOLLOW_LINKS);
        if (has(flags, Code.OPEN_APPEND)) {
            options.add(StandardOpenOption.APPEND);
        } else {
            options.add(StandardOpenOption.WRITE);
            if (has(flags, Code.OPEN_READ)) {
                options.add(StandardOpenOption.READ);
            }
        }
        if (has(flags, Code.OPEN_CREATE)) {
            options.add(has(flags, Code.OPEN_EXCLUSIVE) ? StandardOpenOption.CREATE_NEW : StandardOpenOption.CREATE);
        }
        return Optional.of(FileChannel.open(file, options, wanted.atCreation()));
    }

    private static Optional<FileChannel> reader(Path file, int flags, Optional<FileChannel> writer) throws IOException {
        if (has(flags, Code.OPEN_TO_CHANGE) && !has(flags, Code.OPEN_READ)) {
            return Optional.empty();
        }
        // A channel that appends does not read.
        return writer.isPresent() && !has(flags, Code.OPEN_APPEND)
                ? writer
                : Optional.of(FileChannel.open(file, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)));
    }

    private Optional<PathHandle> handle(Held held, Path file) throws IOException {
        if (!tree.paths().writable(file)) {
            return Optional.empty();
        }
        Path name = file.getFileName();
        if (held.handle().isPresent() && name != null) {
            return Optional.of(held.handle().get().below(name));
        }
        return Optional.of(reach.handle(file));
    }
}
