package io.busbar.core.virtio.vop;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The beginning of a device page ({@code struct mic_bootparam}).
 *
 * <pre>
 *  0 magic:4   4 h2c_config_db:1   5 node_id:1   6 h2c_scif_db:1   7 c2h_scif_db:1   8 scif_host_dma_addr:8   16 scif_card_dma_addr:8
 * </pre>
 *
 * @param magic        {@link #MAGIC}
 * @param configDb     the card's doorbell for "the page has changed"; -1 while nobody is there
 * @param nodeId       number of the card, 1 to 128
 * @param cardScifDb   the card's doorbell of SCIF, or -1
 * @param hostScifDb   the host's doorbell of SCIF, or -1
 * @param scifHostAddr where the host's queue pair of SCIF is; 0 before it is ready
 * @param scifCardAddr where the card's queue pair of SCIF is; 0 before it is ready
 */
public record BootParam(
        int magic, int configDb, int nodeId, int cardScifDb, int hostScifDb, long scifHostAddr, long scifCardAddr) {

    /** Which the card looks for before it uses a page ({@code MIC_MAGIC}). */
    public static final int MAGIC = 0xC0FFEE00;

    /** A doorbell that there is none. */
    public static final int NO_DOORBELL = -1;

    /** Bytes. */
    public static final int BYTES = 24;

    /** Offset of {@link #configDb}, which is written alone. */
    public static final int CONFIG_DB = 4;

    /** Offset of {@link #cardScifDb}, which is written alone. */
    public static final int CARD_SCIF_DB = 6;

    /** Offset of {@link #hostScifDb}, which is written alone. */
    public static final int HOST_SCIF_DB = 7;

    /** Offset of {@link #scifHostAddr}, which is written alone. */
    public static final int SCIF_HOST_ADDR = 8;

    /** Offset of {@link #scifCardAddr}, which is written alone. */
    public static final int SCIF_CARD_ADDR = 16;

    /**
     * Returns what a host writes before its card starts.
     *
     * @param nodeId number of the card, 1 to 128
     */
    public static BootParam initial(int nodeId) {
        return new BootParam(MAGIC, NO_DOORBELL, nodeId, NO_DOORBELL, NO_DOORBELL, 0, 0);
    }

    /**
     * Reads it.
     *
     * @param page {@link #BYTES} or more
     */
    public static BootParam decode(byte[] page) {
        ByteBuffer bytes = ByteBuffer.wrap(page).order(ByteOrder.LITTLE_ENDIAN);
        return new BootParam(bytes.getInt(0), bytes.get(CONFIG_DB), Byte.toUnsignedInt(bytes.get(5)), bytes.get(CARD_SCIF_DB),
                bytes.get(HOST_SCIF_DB), bytes.getLong(SCIF_HOST_ADDR), bytes.getLong(SCIF_CARD_ADDR));
    }

    /** Returns its bytes. */
    public byte[] encode() {
        return ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN).putInt(magic).put((byte) configDb).put((byte) nodeId)
                .put((byte) cardScifDb).put((byte) hostScifDb).putLong(scifHostAddr).putLong(scifCardAddr).array();
    }
}
