"""Imports (导入): items and parties from files that people keep in spreadsheets."""
