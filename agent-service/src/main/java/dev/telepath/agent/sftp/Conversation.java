package dev.telepath.agent.sftp;

import dev.telepath.agent.sftp.Handles.OpenFile;
import dev.telepath.agent.sftp.Handles.OpenFolder;
import dev.telepath.agent.sftp.LentTree.Node;
import dev.telepath.agent.sftp.Refusal.Status;
import dev.telepath.agent.share.Reach;
import dev.telepath.agent.share.Reach.Held;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * One client's requests, answered one after the other: the next is read when the answer is written, so a client that does
 * not read stops its own requests. What would change a file is denied unless that is lent for it. Confined to one thread, which
 * it blocks.
 */
final class Conversation implements AutoCloseable {
    /** Most bytes of one read; a client that asks for more gets less, as the protocol allows. */
    private static final int MOST_READ = Packet.MOST_BYTES - 1024;
    /** A listing is told in packets of about that size. */
    private static final int LISTING_BYTES = 32 * 1024;

    private final LentTree tree;
    private final DataInputStream in;
    private final OutputStream out;
    private final Traffic traffic;
    private final Handles handles;
    private final Reach reach;
    private final Opening opening;
    private final Changes changes;
    private long requests;

    /** Gets the bytes of file contents, as they go. */
    interface Traffic {
        void read(long bytes);

        void written(long bytes);
    }

    /**
     * @param in buffered by the caller
     */
    Conversation(LentTree tree, DataInputStream in, OutputStream out, int mostHandles, Traffic traffic) {
        this.tree = tree;
        this.in = in;
        this.out = out;
        this.traffic = traffic;
        this.handles = new Handles(mostHandles);
        this.reach = new Reach(tree.paths());
        this.opening = new Opening(tree, reach);
        this.changes = new Changes(tree, reach);
    }

    /** How many requests were answered. */
    long requests() {
        return requests;
    }

    /**
     * Greets. Must come first.
     *
     * @throws IOException when the client does not speak SFTP
     */
    void begin() throws IOException {
        Packet init = Packet.read(in).orElseThrow(() -> new IOException("the client said nothing"));
        if (init.type() != Code.INIT) {
            throw new IOException("the first packet is of type " + init.type() + ", not INIT");
        }
        new Answer(Code.VERSION)
                .number(Code.VERSION_3)
                .text(Code.POSIX_RENAME)
                .text("1")
                .text(Code.FSYNC)
                .text("1")
                .write(out);
        out.flush();
    }

    /**
     * Answers until the client ends.
     *
     * @throws IOException when the connection is lost, or what comes is no packet
     */
    void run() throws IOException {
        for (Optional<Packet> next = Packet.read(in); next.isPresent(); next = Packet.read(in)) {
            Packet packet = next.get();
            int id;
            try {
                id = packet.number();
            } catch (Refusal e) {
                throw new IOException("a request without an id", e);
            }
            answer(packet, id).write(out);
            // While more requests wait, one flush is enough for several answers.
            if (in.available() == 0) {
                out.flush();
            }
            requests++;
        }
    }

    private Answer answer(Packet packet, int id) throws IOException {
        try {
            return served(packet, id);
        } catch (Refusal e) {
            return Answer.status(id, e.status(), e.text());
        } catch (NoSuchFileException | NotDirectoryException e) {
            return Answer.status(id, Status.NO_SUCH_FILE, "no such file, or not lent");
        } catch (AccessDeniedException e) {
            return Answer.status(id, Status.PERMISSION_DENIED, "the agent's user may not");
        } catch (FileAlreadyExistsException | DirectoryNotEmptyException e) {
            return Answer.status(id, Status.FAILURE, "something is there already");
        } catch (FileSystemException e) {
            // The reason alone: paths of the agent are nothing to a client.
            return Answer.status(id, Status.FAILURE, Objects.requireNonNullElse(e.getReason(), "the agent cannot"));
        } catch (IOException | DirectoryIteratorException e) {
            return Answer.status(id, Status.FAILURE, "the agent cannot");
        }
    }

    private Answer served(Packet packet, int id) throws Refusal, IOException {
        return switch (packet.type()) {
            case Code.OPEN -> open(packet, id);
            case Code.CLOSE -> {
                handles.close(packet.bytes());
                yield done(id);
            }
            case Code.READ -> read(packet, id);
            case Code.LSTAT -> attributes(id, tree.at(path(packet)));
            case Code.STAT -> attributes(id, tree.follow(path(packet)));
            case Code.FSTAT -> Answer.to(id, Code.ATTRS).attributes(of(handles.file(packet.bytes())));
            case Code.OPENDIR -> openFolder(packet, id);
            case Code.READDIR -> list(packet, id);
            case Code.REALPATH -> name(id, path(packet));
            case Code.READLINK -> link(packet, id);
            case Code.WRITE -> write(packet, id);
            case Code.SETSTAT -> {
                changes.set(path(packet), Wanted.read(packet));
                yield done(id);
            }
            case Code.FSETSTAT -> {
                changes.set(handles.file(packet.bytes()), Wanted.read(packet));
                yield done(id);
            }
            case Code.REMOVE, Code.RMDIR -> {
                changes.remove(path(packet), packet.type() == Code.RMDIR);
                yield done(id);
            }
            case Code.MKDIR -> {
                changes.makeFolder(path(packet), Wanted.read(packet));
                yield done(id);
            }
            case Code.RENAME -> {
                changes.rename(path(packet), path(packet), false);
                yield done(id);
            }
            // The target comes first, as OpenSSH has it and everybody since, whatever the draft says.
            case Code.SYMLINK -> {
                String target = packet.text();
                changes.link(target, path(packet));
                yield done(id);
            }
            case Code.EXTENDED -> extended(packet, id);
            default -> throw new Refusal(Status.UNSUPPORTED, "requests of type " + packet.type() + " are not served");
        };
    }

    private static Answer done(int id) throws IOException {
        return Answer.status(id, Status.OK, "");
    }

    private Answer extended(Packet packet, int id) throws Refusal, IOException {
        String name = packet.text();
        switch (name) {
            case Code.POSIX_RENAME -> changes.rename(path(packet), path(packet), true);
            case Code.FSYNC -> changes.force(handles.file(packet.bytes()));
            default -> throw new Refusal(Status.UNSUPPORTED, "the extension is not served");
        }
        return done(id);
    }

    private Answer write(Packet packet, int id) throws Refusal, IOException {
        OpenFile file = handles.file(packet.bytes());
        long offset = packet.bigNumber();
        byte[] data = packet.bytes();
        changes.write(file, offset, data);
        traffic.written(data.length);
        return done(id);
    }

    private static String path(Packet packet) throws Refusal {
        return LentTree.normal(packet.text());
    }

    private Answer open(Packet packet, int id) throws Refusal, IOException {
        String path = path(packet);
        int flags = packet.number();
        Wanted wanted = Wanted.read(packet);
        handles.room();
        return Answer.to(id, Code.HANDLE).bytes(handles.add(opening.open(path, flags, wanted)));
    }

    private Answer read(Packet packet, int id) throws Refusal, IOException {
        OpenFile file = handles.file(packet.bytes());
        long offset = packet.bigNumber();
        int length = packet.number();
        FileChannel channel =
                file.reader().orElseThrow(() -> new Refusal(Status.PERMISSION_DENIED, "it was not opened for reading"));
        long size = channel.size();
        long left = size - offset;
        if (offset < 0 || (left <= 0 && size > 0)) {
            throw new Refusal(Status.END_OF_FILE, "end of file");
        }
        int wanted = (int) Math.min(Integer.toUnsignedLong(length), MOST_READ);
        // A file of /proc says it has no size; what it has is read all the same.
        ByteBuffer buffer = ByteBuffer.allocate(left > 0 ? (int) Math.min(wanted, left) : Math.min(wanted, 4096));
        int position = 0;
        while (buffer.hasRemaining()) {
            int read = channel.read(buffer, offset + position);
            if (read < 0) {
                break;
            }
            position += read;
        }
        if (position == 0 && length != 0) {
            throw new Refusal(Status.END_OF_FILE, "end of file");
        }
        traffic.read(position);
        return Answer.to(id, Code.DATA).bytes(buffer.array(), position);
    }

    private Answer attributes(int id, Node node) throws IOException {
        return Answer.to(id, Code.ATTRS)
                .attributes(
                        switch (node) {
                            case Node.Between between -> Attributes.between();
                            case Node.Lent(Path path, boolean writable) -> {
                                try (Held held = reach.at(path)) {
                                    yield Attributes.of(held.path(), writable);
                                }
                            }
                        });
    }

    private static Attributes of(OpenFile file) throws IOException {
        return file.handle().isPresent() ? Attributes.of(file.handle().get(), true) : Attributes.of(file.path(), false);
    }

    private Answer openFolder(Packet packet, int id) throws Refusal, IOException {
        String path = path(packet);
        handles.room();
        return Answer.to(id, Code.HANDLE)
                .bytes(handles.add(
                        switch (tree.follow(path)) {
                            case Node.Between(List<String> names) ->
                                new OpenFolder(path, Optional.empty(), Optional.empty(), names.iterator(), none());
                            case Node.Lent lent -> opened(path, lent.path());
                        }));
    }

    private OpenFolder opened(String path, Path folder) throws IOException {
        Held held = reach.folder(folder);
        try {
            var stream = Files.newDirectoryStream(held.path());
            return new OpenFolder(path, Optional.of(held), Optional.of(folder), names(stream), stream);
        } catch (IOException | RuntimeException e) {
            held.close();
            throw e;
        }
    }

    private static Iterator<String> names(DirectoryStream<Path> stream) {
        Iterator<Path> all = stream.iterator();
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return all.hasNext();
            }

            @Override
            public String next() {
                return String.valueOf(all.next().getFileName());
            }
        };
    }

    private static DirectoryStream<Path> none() {
        return new DirectoryStream<>() {
            @Override
            public Iterator<Path> iterator() {
                return List.<Path>of().iterator();
            }

            @Override
            public void close() {}
        };
    }

    private Answer list(Packet packet, int id) throws Refusal, IOException {
        OpenFolder folder = handles.folder(packet.bytes());
        record Entry(String name, Attributes attributes) {}
        var entries = new ArrayList<Entry>();
        int size = 0;
        while (size < LISTING_BYTES && folder.names().hasNext()) {
            String name = folder.names().next();
            try {
                entries.add(new Entry(name, of(folder, name)));
                size += 2 * name.length() + 128;
            } catch (Refusal | IOException e) {
                // Gone meanwhile, or a link that leads out: not told of.
                continue;
            }
        }
        if (entries.isEmpty()) {
            throw new Refusal(Status.END_OF_FILE, "that is all");
        }
        Answer answer = Answer.to(id, Code.NAME).number(entries.size());
        for (Entry entry : entries) {
            answer.text(entry.name())
                    .text(entry.attributes().line(entry.name()))
                    .attributes(entry.attributes());
        }
        return answer;
    }

    private Attributes of(OpenFolder folder, String name) throws Refusal, IOException {
        if (folder.folder().isEmpty() || folder.real().isEmpty()) {
            // Of a directory on the way: perhaps another one, perhaps what is lent.
            return switch (tree.follow(LentTree.normal(folder.path() + "/" + name))) {
                case Node.Between between -> Attributes.between();
                case Node.Lent(Path path, boolean writable) -> Attributes.of(path, writable);
            };
        }
        if (!(tree.entry(folder.real().get(), name).orElseThrow(Refusal::missing) instanceof Node.Lent lent)) {
            throw Refusal.missing();
        }
        return Attributes.of(folder.folder().get().path().resolve(name), lent.writable());
    }

    private static Answer name(int id, String path) throws IOException {
        return Answer.to(id, Code.NAME).number(1).text(path).text(path).attributes(Attributes.between());
    }

    /** An absolute target is told relative to its link, for the client has the tree elsewhere. */
    private Answer link(Packet packet, int id) throws Refusal, IOException {
        if (!(tree.at(path(packet)) instanceof Node.Lent link) || !Files.isSymbolicLink(link.path())) {
            throw new Refusal(Status.FAILURE, "not a link");
        }
        Path target;
        try (Held held = reach.at(link.path())) {
            target = Files.readSymbolicLink(held.path());
        }
        Path folder = link.path().getParent();
        if (target.isAbsolute() && folder != null) {
            target = folder.relativize(target.normalize());
        }
        return name(id, target.toString());
    }

    @Override
    public void close() throws IOException {
        handles.close();
    }
}
