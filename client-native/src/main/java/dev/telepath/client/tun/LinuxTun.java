package dev.telepath.client.tun;

import dev.telepath.tunnel.linux.CLibrary;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.jboss.logging.Logger;

/** A device of {@code /dev/net/tun} (Linux, Documentation/networking/tuntap.rst): packets of IP without any header in front. */
public final class LinuxTun implements TunDevice {
    private static final Logger LOG = Logger.getLogger(LinuxTun.class);
    private static final Path NODE = Path.of("/dev/net/tun");
    private static final long SET_INTERFACE = 0x400454caL;
    private static final long SET_PERSISTENT = 0x400454cbL;
    private static final long SET_OWNER = 0x400454ccL;
    private static final int IP_PACKETS = 0x0001;
    private static final int NO_INFORMATION = 0x1000;
    private static final int MOST_NAME = 15;
    private static final int REQUEST = 40;

    private final String name;
    private final int mtu;
    private final RandomAccessFile file;
    private final int descriptor;
    private final CLibrary library;
    // A channel locks itself while it reads, so the other direction needs one of its own.
    private final FileChannel in;
    private final FileChannel out;

    private LinuxTun(String name, int mtu, RandomAccessFile file, int descriptor, CLibrary library) throws IOException {
        this.name = name;
        this.mtu = mtu;
        this.file = file;
        this.descriptor = descriptor;
        this.library = library;
        this.in = new FileInputStream(file.getFD()).getChannel();
        this.out = new FileOutputStream(file.getFD()).getChannel();
    }

    /**
     * Makes a device, or takes one that was made for this user. Blocks.
     *
     * @param name at most 15 bytes
     * @param mtu what its link is set to, here only known
     * @throws IOException with a message for the user
     */
    public static LinuxTun open(String name, int mtu, CLibrary library) throws IOException {
        byte[] request = new byte[REQUEST];
        byte[] text = name.getBytes(StandardCharsets.US_ASCII);
        if (text.length == 0 || text.length > MOST_NAME) {
            throw new IOException("the device name " + name + " has not 1 to " + MOST_NAME + " bytes");
        }
        System.arraycopy(text, 0, request, 0, text.length);
        // A short in the machine's order; all of ours have the low byte first.
        request[16] = (byte) IP_PACKETS;
        request[17] = (byte) (NO_INFORMATION >> 8);
        synchronized (LinuxTun.class) {
            Set<Integer> before = descriptors();
            var file = new RandomAccessFile(NODE.toFile(), "rw");
            try {
                Set<Integer> fresh = descriptors();
                fresh.removeAll(before);
                int descriptor =
                        fresh.stream().findFirst().orElseThrow(() -> new IOException("no descriptor of " + NODE));
                library.ioctl(descriptor, SET_INTERFACE, request);
                return new LinuxTun(name, mtu, file, descriptor, library);
            } catch (IOException e) {
                file.close();
                throw e;
            }
        }
    }

    /** Open descriptors of the node. The platform tells no program which one a file has. */
    private static Set<Integer> descriptors() throws IOException {
        Set<Integer> found = new HashSet<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            for (Path each : all) {
                try {
                    // With more behind the name where the node was deleted meanwhile.
                    if (Files.readSymbolicLink(each).toString().startsWith(NODE.toString())) {
                        found.add(Integer.parseInt(each.getFileName().toString()));
                    }
                } catch (java.nio.file.NoSuchFileException e) {
                    LOG.tracef("descriptor closed meanwhile descriptor=%s", each);
                }
            }
        }
        return found;
    }

    /**
     * Lets a user's process take it who may not make one, and keeps it when it is closed.
     *
     * @param user the number that the system knows the user by
     */
    public void lend(int user) throws IOException {
        library.ioctl(descriptor, SET_OWNER, user);
        library.ioctl(descriptor, SET_PERSISTENT, 1);
    }

    /** Lets it vanish when it is closed, also by the death of this process. */
    public void own() throws IOException {
        library.ioctl(descriptor, SET_PERSISTENT, 0);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public int mtu() {
        return mtu;
    }

    @Override
    public void read(ByteBuffer packet) throws IOException {
        packet.clear();
        int length = in.read(packet);
        if (length < 0) {
            throw new IOException("the device " + name + " is gone");
        }
        packet.flip();
    }

    @Override
    public void write(ByteBuffer packet) throws IOException {
        out.write(packet.position(0));
    }

    @Override
    public void close() {
        try {
            in.close();
            out.close();
            file.close();
        } catch (IOException e) {
            LOG.debugf("device not closed device=%s cause=\"%s\"", name, e.getMessage());
        }
    }
}
