package dev.telepath.agent.sftp;

import dev.telepath.agent.sftp.Handles.OpenFile;
import dev.telepath.agent.sftp.LentTree.Node;
import dev.telepath.agent.sftp.Refusal.Status;
import dev.telepath.agent.share.Reach;
import dev.telepath.agent.share.Reach.Held;
import dev.telepath.tunnel.linux.PathHandle;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * Requests that change what is lent, where clients may. A file is never reached by a link that lies in the way of its
 * real path, and what is lent by rules of its own stays where it is. Blocks.
 */
final class Changes {
    private final LentTree tree;
    private final Reach reach;

    Changes(LentTree tree, Reach reach) {
        this.tree = tree;
        this.reach = reach;
    }

    /** Writes all of it; to the end of a file that was opened for appending, wherever the offset is. */
    void write(OpenFile file, long offset, byte[] data) throws Refusal, IOException {
        FileChannel writer =
                file.writer().orElseThrow(() -> new Refusal(Status.PERMISSION_DENIED, "it was not opened for writing"));
        if (offset < 0) {
            throw new Refusal(Status.FAILURE, "an offset is not negative");
        }
        ByteBuffer rest = ByteBuffer.wrap(data);
        while (rest.hasRemaining()) {
            writer.write(rest, offset + rest.position());
        }
    }

    /** Brings what was written to the disk. */
    void force(OpenFile file) throws IOException {
        if (file.writer().isPresent()) {
            file.writer().get().force(true);
        }
    }

    void makeFolder(String path, Wanted wanted) throws Refusal, IOException {
        try (Held held = reach.at(tree.place(path))) {
            Files.createDirectory(held.path(), wanted.atCreation());
        }
    }

    /**
     * Removes a file or link, or a folder that is empty.
     *
     * @param folder which of them it has to be
     */
    void remove(String path, boolean folder) throws Refusal, IOException {
        try (Held held = reach.at(movable(path))) {
            if (Attributes.of(held.path(), true).isDirectory() != folder) {
                throw new Refusal(Status.FAILURE, folder ? "not a directory" : "it is a directory");
            }
            Files.delete(held.path());
        }
    }

    /**
     * Gives something another name, at once for all who look. Without leave to replace, a file has both names for a moment, so that what
     * another process gives that name meanwhile is never lost; of a folder only an empty one could be.
     *
     * @param replace whether in the place of what has that name
     */
    void rename(String from, String to, boolean replace) throws Refusal, IOException {
        Path source = movable(from);
        Path target = tree.place(to);
        if (tree.paths().carriesRoot(target)) {
            throw Refusal.readOnly();
        }
        try (Held old = reach.at(source);
                Held fresh = reach.at(target)) {
            if (!replace && Files.exists(fresh.path(), LinkOption.NOFOLLOW_LINKS)) {
                throw nameTaken();
            }
            if (replace || !linked(old.path(), fresh.path())) {
                Files.move(old.path(), fresh.path(), StandardCopyOption.ATOMIC_MOVE);
            }
        }
    }

    /**
     * Renames a file by link(2) and unlink(2), of which the first fails where the name is taken, unlike rename(2).
     *
     * @return false where there can be no such link: to a folder, in a file system without, to a file that this process may not write
     */
    private static boolean linked(Path old, Path fresh) throws Refusal, IOException {
        if (!Files.isRegularFile(old, LinkOption.NOFOLLOW_LINKS)) {
            return false;
        }
        try {
            Files.createLink(fresh, old);
        } catch (FileAlreadyExistsException e) {
            throw nameTaken();
        } catch (FileSystemException | UnsupportedOperationException e) {
            return false;
        }
        Files.delete(old);
        return true;
    }

    private static Refusal nameTaken() {
        return new Refusal(Status.FAILURE, "the new name is taken");
    }

    /** What a client may take away from its name. */
    private Path movable(String path) throws Refusal {
        if (!(tree.at(path) instanceof Node.Lent(Path real, boolean writable))
                || !writable
                || tree.paths().carriesRoot(real)) {
            throw Refusal.readOnly();
        }
        return real;
    }

    /**
     * Makes a link, if it leads to what is lent.
     *
     * @param target as it is written into the link
     */
    void link(String target, String path) throws Refusal, IOException {
        Path place = tree.place(path);
        Path led;
        try {
            led = place.resolveSibling(target).normalize();
        } catch (InvalidPathException e) {
            throw new Refusal(Status.FAILURE, "no link can lead there");
        }
        if (target.isEmpty() || !tree.lentByName(led)) {
            throw new Refusal(Status.PERMISSION_DENIED, "a link must not lead out of what is lent");
        }
        try (Held held = reach.at(place)) {
            Files.createSymbolicLink(held.path(), Path.of(target));
        }
    }

    void set(String path, Wanted wanted) throws Refusal, IOException {
        if (!(tree.follow(path) instanceof Node.Lent(Path real, boolean writable)) || !writable) {
            throw Refusal.readOnly();
        }
        try (PathHandle file = reach.handle(real)) {
            wanted.apply(file);
        }
    }

    void set(OpenFile file, Wanted wanted) throws Refusal, IOException {
        wanted.apply(file.handle().orElseThrow(Refusal::readOnly));
    }
}
