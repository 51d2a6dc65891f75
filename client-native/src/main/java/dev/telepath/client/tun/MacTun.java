package dev.telepath.client.tun;

import dev.telepath.tunnel.macos.MacLibrary;
import dev.telepath.tunnel.macos.UtunSocket;
import java.io.Closeable;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.GatheringByteChannel;
import java.nio.channels.ScatteringByteChannel;
import org.jboss.logging.Logger;

/**
 * A utun of macOS: its packets have a family in front, which is read and written beside the packet, so that nothing is copied
 * (readv, writev). Experimental: not yet run on macOS.
 */
public final class MacTun implements TunDevice {
    private static final Logger LOG = Logger.getLogger(MacTun.class);

    private final String name;
    private final int mtu;
    private final ScatteringByteChannel in;
    private final GatheringByteChannel out;
    private final Closeable rest;
    private final ByteBuffer prefix = ByteBuffer.allocateDirect(FamilyPrefix.BYTES);

    /**
     * @param in read by one thread; one read is one packet
     * @param out written by any thread
     * @param rest closed after both
     */
    MacTun(String name, int mtu, ScatteringByteChannel in, GatheringByteChannel out, Closeable rest) {
        this.name = name;
        this.mtu = mtu;
        this.in = in;
        this.out = out;
        this.rest = rest;
    }

    /**
     * Takes a device that another process has made. Its descriptor is the device's from here on, also where this fails.
     *
     * @param mtu what its link is set to, here only known
     */
    public static MacTun adopt(MacLibrary library, int descriptor, int mtu) throws IOException {
        try {
            String name = UtunSocket.of(library, descriptor).name();
            // Opening this duplicates the descriptor (fd(4)), into one that the platform has channels for.
            return of(name, mtu, new RandomAccessFile("/dev/fd/" + descriptor, "rw"));
        } finally {
            library.close(descriptor);
        }
    }

    /** A device that is open as a file. */
    static MacTun of(String name, int mtu, RandomAccessFile file) throws IOException {
        // A channel locks itself while it reads, so the other direction needs one of its own.
        return new MacTun(
                name,
                mtu,
                new FileInputStream(file.getFD()).getChannel(),
                new FileOutputStream(file.getFD()).getChannel(),
                file);
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
        prefix.clear();
        packet.clear();
        long length = in.read(new ByteBuffer[] {prefix, packet});
        if (length < 0) {
            throw new IOException("the device " + name + " is gone");
        }
        packet.flip();
    }

    @Override
    public void write(ByteBuffer packet) throws IOException {
        out.write(new ByteBuffer[] {FamilyPrefix.of(packet), packet.position(0)});
    }

    @Override
    public void close() {
        try {
            in.close();
            out.close();
            rest.close();
        } catch (IOException e) {
            LOG.debugf("device not closed device=%s cause=\"%s\"", name, e.getMessage());
        }
    }
}
