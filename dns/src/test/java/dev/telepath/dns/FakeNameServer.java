package dev.telepath.dns;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;

/** A name server on loopback, by UDP and TCP, that keeps what it was asked. */
public class FakeNameServer implements AutoCloseable {
    /** Says what is answered; empty = nothing. */
    @FunctionalInterface
    public interface Zone {
        byte[] answer(byte[] query, boolean byTcp);
    }

    /** One query as it came. */
    public record Asked(byte[] query, boolean byTcp, int port) {}

    public final List<Asked> asked = new CopyOnWriteArrayList<>();
    private final DatagramSocket udp;
    private final ServerSocket tcp;
    private final Zone zone;

    public FakeNameServer(Zone zone) throws IOException {
        this.zone = zone;
        InetAddress here = InetAddress.getLoopbackAddress();
        this.tcp = new ServerSocket(0, 50, here);
        this.udp = new DatagramSocket(new InetSocketAddress(here, tcp.getLocalPort()));
        Thread.ofVirtual().start(this::datagrams);
        Thread.ofVirtual().start(this::connections);
    }

    /** Answers every question with these records. */
    public static FakeNameServer of(Record... records) throws IOException {
        return new FakeNameServer((query, byTcp) -> reply(query, byTcp ? 65535 : Query.mostOfUdp(query), records));
    }

    /** Answers every question with that code. */
    public static FakeNameServer failing(int rcode) throws IOException {
        return new FakeNameServer((query, byTcp) -> {
            byte[] answer = reply(query, 512);
            answer[3] |= (byte) rcode;
            return answer;
        });
    }

    public static FakeNameServer silent() throws IOException {
        return new FakeNameServer((query, byTcp) -> new byte[0]);
    }

    public static byte[] reply(byte[] query, int most, Record... records) {
        Message asked = Dns.message(query);
        var reply = new Message(asked.getHeader().getID());
        reply.getHeader().setFlag(Flags.QR);
        reply.getHeader().setFlag(Flags.RA);
        reply.addRecord(asked.getQuestion(), Section.QUESTION);
        Arrays.stream(records).forEach(one -> reply.addRecord(one, Section.ANSWER));
        return reply.toWire(most);
    }

    /** Whether nothing is answered to a port. */
    protected boolean isDeaf(int port) {
        return false;
    }

    public InetSocketAddress address() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), tcp.getLocalPort());
    }

    private void datagrams() {
        byte[] room = new byte[65535];
        while (!udp.isClosed()) {
            var packet = new DatagramPacket(room, room.length);
            try {
                udp.receive(packet);
                byte[] query = Arrays.copyOf(packet.getData(), packet.getLength());
                asked.add(new Asked(query, false, packet.getPort()));
                byte[] answer = isDeaf(packet.getPort()) ? new byte[0] : zone.answer(query, false);
                if (answer.length > 0) {
                    udp.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
                }
            } catch (IOException e) {
                return;
            }
        }
    }

    private void connections() {
        while (!tcp.isClosed()) {
            try {
                Socket socket = tcp.accept();
                Thread.ofVirtual().start(() -> serve(socket));
            } catch (IOException e) {
                return;
            }
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            var in = new DataInputStream(socket.getInputStream());
            var out = new DataOutputStream(socket.getOutputStream());
            while (true) {
                byte[] query = in.readNBytes(in.readUnsignedShort());
                asked.add(new Asked(query, true, socket.getPort()));
                byte[] answer = zone.answer(query, true);
                out.writeShort(answer.length);
                out.write(answer);
                out.flush();
            }
        } catch (IOException e) {
            // The other side has what it wanted.
        }
    }

    @Override
    public void close() throws IOException {
        udp.close();
        tcp.close();
    }
}
