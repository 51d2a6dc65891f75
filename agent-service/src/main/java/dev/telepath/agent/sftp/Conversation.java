package dev.telepath.agent.sftp;

import dev.telepath.agent.sftp.Handles.OpenFile;
import dev.telepath.agent.sftp.Handles.OpenFolder;
import dev.telepath.agent.sftp.LentTree.Node;
import dev.telepath.agent.sftp.Refusal.Status;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongConsumer;

/**
 * One client's requests, answered one after the other: the next is read when the answer is written, so a client that does
 * not read stops its own requests. Whatever would change a file is denied. Confined to one thread, which it blocks.
 */
final class Conversation implements AutoCloseable {
    /** Most bytes of one read; a client that asks for more gets less, as the protocol allows. */
    private static final int MOST_READ = Packet.MOST_BYTES - 1024;
    /** A listing is told in packets of about that size. */
    private static final int LISTING_BYTES = 32 * 1024;

    private static final Set<OpenOption> TO_READ = Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);

    private final LentTree tree;
    private final DataInputStream in;
    private final OutputStream out;
    private final LongConsumer lent;
    private final Handles handles;
    private long requests;

    /**
     * @param in buffered by the caller
     * @param lent gets the bytes of each read
     */
    Conversation(LentTree tree, DataInputStream in, OutputStream out, int mostHandles, LongConsumer lent) {
        this.tree = tree;
        this.in = in;
        this.out = out;
        this.lent = lent;
        this.handles = new Handles(mostHandles);
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
        new Answer(Code.VERSION).number(Code.VERSION_3).write(out);
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
            return Answer.status(id, Status.PERMISSION_DENIED, "the agent may not read it");
        } catch (IOException | DirectoryIteratorException e) {
            return Answer.status(id, Status.FAILURE, "the agent cannot read it");
        }
    }

    private Answer served(Packet packet, int id) throws Refusal, IOException {
        return switch (packet.type()) {
            case Code.OPEN -> open(packet, id);
            case Code.CLOSE -> {
                handles.close(packet.bytes());
                yield Answer.status(id, Status.OK, "");
            }
            case Code.READ -> read(packet, id);
            case Code.LSTAT -> attributes(id, tree.at(path(packet)));
            case Code.STAT -> attributes(id, tree.follow(path(packet)));
            case Code.FSTAT ->
                Answer.to(id, Code.ATTRS)
                        .attributes(Attributes.of(handles.file(packet.bytes()).path()));
            case Code.OPENDIR -> openFolder(packet, id);
            case Code.READDIR -> list(packet, id);
            case Code.REALPATH -> name(id, path(packet));
            case Code.READLINK -> link(packet, id);
            case Code.WRITE,
                    Code.SETSTAT,
                    Code.FSETSTAT,
                    Code.REMOVE,
                    Code.MKDIR,
                    Code.RMDIR,
                    Code.RENAME,
                    Code.SYMLINK -> throw Refusal.readOnly();
            default -> throw new Refusal(Status.UNSUPPORTED, "requests of type " + packet.type() + " are not served");
        };
    }

    private static String path(Packet packet) throws Refusal {
        return LentTree.normal(packet.text());
    }

    private Answer open(Packet packet, int id) throws Refusal, IOException {
        String path = path(packet);
        if ((packet.number() & Code.OPEN_TO_CHANGE) != 0) {
            throw Refusal.readOnly();
        }
        handles.room();
        // Never a pipe or device, whose opening may block.
        if (!(tree.follow(path) instanceof Node.Lent(Path file))
                || !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            throw new Refusal(Status.FAILURE, "not a file");
        }
        return Answer.to(id, Code.HANDLE).bytes(handles.add(new OpenFile(file, FileChannel.open(file, TO_READ))));
    }

    private Answer read(Packet packet, int id) throws Refusal, IOException {
        OpenFile file = handles.file(packet.bytes());
        long offset = packet.bigNumber();
        int length = packet.number();
        long size = file.channel().size();
        long left = size - offset;
        if (offset < 0 || (left <= 0 && size > 0)) {
            throw new Refusal(Status.END_OF_FILE, "end of file");
        }
        int wanted = (int) Math.min(Integer.toUnsignedLong(length), MOST_READ);
        // A file of /proc says it has no size; what it has is read all the same.
        ByteBuffer buffer = ByteBuffer.allocate(left > 0 ? (int) Math.min(wanted, left) : Math.min(wanted, 4096));
        int position = 0;
        while (buffer.hasRemaining()) {
            int read = file.channel().read(buffer, offset + position);
            if (read < 0) {
                break;
            }
            position += read;
        }
        if (position == 0 && length != 0) {
            throw new Refusal(Status.END_OF_FILE, "end of file");
        }
        lent.accept(position);
        return Answer.to(id, Code.DATA).bytes(buffer.array(), position);
    }

    private static Answer attributes(int id, Node node) throws IOException {
        return Answer.to(id, Code.ATTRS).attributes(of(node));
    }

    private static Attributes of(Node node) throws IOException {
        return switch (node) {
            case Node.Between between -> Attributes.between();
            case Node.Lent(Path path) -> Attributes.of(path);
        };
    }

    private Answer openFolder(Packet packet, int id) throws Refusal, IOException {
        String path = path(packet);
        handles.room();
        return Answer.to(id, Code.HANDLE)
                .bytes(handles.add(
                        switch (tree.follow(path)) {
                            case Node.Between(List<String> names) -> new OpenFolder(path, names.iterator(), none());
                            case Node.Lent(Path folder) -> {
                                var stream = Files.newDirectoryStream(folder);
                                yield new OpenFolder(path, names(stream), stream);
                            }
                        }));
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
                entries.add(new Entry(name, of(tree.at(LentTree.normal(folder.path() + "/" + name)))));
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

    private static Answer name(int id, String path) throws IOException {
        return Answer.to(id, Code.NAME).number(1).text(path).text(path).attributes(Attributes.between());
    }

    /** An absolute target is told relative to its link, for the client has the tree elsewhere. */
    private Answer link(Packet packet, int id) throws Refusal, IOException {
        if (!(tree.at(path(packet)) instanceof Node.Lent(Path link)) || !Files.isSymbolicLink(link)) {
            throw new Refusal(Status.FAILURE, "not a link");
        }
        Path target = Files.readSymbolicLink(link);
        Path folder = link.getParent();
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
