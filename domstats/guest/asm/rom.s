# SPDX-License-Identifier: GPL-2.0-or-later
# The scripted guest without firmware: 64 KiB, mapped below 1 MiB. The reset vector
# jumps to the start of the segment, which copies script.bin to its place and
# enters its command loop. GUEST is that file, BUSY the address of its busy byte.
# Assemble: as --32 --defsym BUSY=0x7c69 after replacing GUEST.
    .code16
    .globl _start
_start:                           # runs at f000:0000
    cli
    cld
    mov   $0xf000, %ax
    mov   %ax, %ds
    xor   %ax, %ax
    mov   %ax, %es
    mov   %ax, %ss
    mov   $0x7c00, %sp
    mov   $0x1000, %si
    mov   $0x7c00, %di
    mov   $2048, %cx
    rep movsw
    xor   %ax, %ax
    mov   %ax, %ds
    movb  $1, BUSY
    ljmp  $0, $0x7e00
    .org  0x1000
    .incbin GUEST
    .org  0xfff0
    .byte 0xea, 0, 0, 0, 0xf0     # jump to f000:0000
    .org  0x10000
